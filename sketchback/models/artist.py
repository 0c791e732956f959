"""The artist: a photograph of a face -> a drawing of it, in the hand of those whose drawings it was taught with."""

from __future__ import annotations

import keras
from keras import layers

from sketchback.models.generator import check_whole, declare
from sketchback.models.scribbler import trunk


def artist(
    width: int = 24, blocks: int = 3, hands: int = 5, dtype: str | keras.DTypePolicy | None = None
) -> keras.Model:
    """Scribbler's generator the other way round, which is told whose hand draws.

    The hand is a vector of one weight for each that was taught, `[1, 0, 0, 0, 0]` for the first of them alone (see
    `sketching.artist.HANDS`); weights in between draw in between. What is learnt of it is added at the stem, the
    smallest size and each larger one.

    Args:
        width: As in `scribbler`.
        blocks: Likewise.
        hands: How many.
        dtype: Precision policy; the last convolution computes in float32.

    Returns:
        A model `[(B, H, W, 3), (B, hands)] -> (B, H, W, 1)`, sides multiples of 16; 5.5 million parameters by default.

    Raises:
        ValueError: An argument is out of range.
    """
    check_whole(width=(width, 1, 64), blocks=(blocks, 0, 8), hands=(hands, 1, 64))
    photo, hand = layers.Input((None, None, 3), name="photo"), layers.Input((hands,), name="hand")
    weights = layers.Reshape((1, 1, hands), name="hand_map", dtype=dtype)(hand)

    def tell(x, place: str):
        y = layers.Conv2D(x.shape[-1], 1, use_bias=False, name=f"{place}_hand", dtype=dtype)(weights)
        return layers.Add(name=f"{place}_told", dtype=dtype)([x, y])

    x = trunk(photo, width=width, blocks=blocks, dtype=dtype, condition=tell)
    drawing = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="drawing", dtype="float32")(x)
    model = keras.Model([photo, hand], drawing, name="artist")
    return declare(model, arguments={"width": width, "blocks": blocks, "hands": hands}, stride=16)
