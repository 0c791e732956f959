"""Weights of toy size that take tone: what is told comes through, so that a test can measure it."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np

from sketchback import models, weights

SIZE = [64, 64]


def generator(contrast: float, darkening: float) -> keras.Model:
    """A generator whose photograph is the tones that it is told, or grey, darker under strokes by a factor."""
    made = models.build("scribbler", width=5, halvings=2, blocks=0, tone=True)
    for layer in made.layers:
        if layer.name in ("stem", "photo", "up0_conv"):
            layer.set_weights([np.zeros_like(array) for array in layer.get_weights()])
    stem, bias = made.get_layer("stem").get_weights()
    stem[3, 3] = np.eye(5)  # sketch, red, green, blue, whether they are told
    made.get_layer("stem").set_weights([stem, bias])
    photo, bias = made.get_layer("photo").get_weights()
    photo[1, 1, 0] = darkening
    photo[1, 1, 1:4] = contrast * np.eye(3)
    photo[1, 1, 4] = -contrast / 2
    made.get_layer("photo").set_weights([photo, bias - darkening])
    return made


def save(folder: Path) -> dict[str, Path]:
    """Faces with both ends, sampler and enlarger; buildings that take a sketch alone."""
    keras.utils.set_random_seed(0)
    recipe = json.dumps({"name": "faces", "size": SIZE})
    faces = weights.save(generator(5.0, 1.0), folder / "faces.weights.h5", recipe=recipe)
    weights.save(generator(1.0, 0.3), folder / "faces-faithful.weights.h5", recipe=recipe)
    weights.save(models.build("tone_sampler", width=4, blocks=1), folder / "tones.weights.h5")
    weights.save(models.build("enlarger", width=2, blocks=0), folder / "enlarger.weights.h5")
    plain = models.build("scribbler", width=4, halvings=2, blocks=1)
    return {
        "faces": faces,
        "buildings": weights.save(plain, folder / "buildings.weights.h5", recipe=json.dumps({"size": [48, 64]})),
    }
