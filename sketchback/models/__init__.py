"""Generators: a sketch `(B, H, W, 1)` in [0, 1] -> a photograph `(B, H, W, 3)`, RGB in [0, 1]; and what helps them:
artist, tone sampler, enlarger, discriminator. `generator.Generator` says what each takes.

All are fully convolutional. Both sides of their input must be a multiple of their `stride`; `inference.pipeline` pads
and crops, so that users may give any size.
"""

from sketchback.models.architectures import ARCHITECTURES, build, complete, least
from sketchback.models.generator import Generator
from sketchback.models.scribbler import scribbler
from sketchback.models.sketchback2017 import sketchback2017
from sketchback.models.unet import unet_resnet

__all__ = ["ARCHITECTURES", "Generator", "build", "complete", "least", "scribbler", "sketchback2017", "unet_resnet"]
