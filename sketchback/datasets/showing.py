"""What of an example is shown in training, and how that differs from epoch to epoch."""

from __future__ import annotations

import dataclasses

from sketchback import images
from sketchback.datasets.augmentation import AUGMENTATIONS, NO_AUGMENTATION
from sketchback.datasets.tasks import NOTHING_TOLD, Telling


@dataclasses.dataclass(frozen=True)
class Showing:
    """What of an example is shown, and how that differs from epoch to epoch; by default all, and nothing does.

    Attributes:
        augmentation: Of photographs without a drawn sketch, a name in `augmentation.AUGMENTATIONS`.
        pair_augmentation: Of pairs, which are few.
        flip: Mirror half of the examples.
        zoom: Show a window of the picture, enlarged by 1 to `zoom`, at a random place; 1 shows all that fits.
        aspect: Change the proportions of a quarter of the examples by up to this factor; 1 changes none.
        margin: How often, in [0, 1], a picture is shown with empty paper around, as on a sheet that it does not fill.
        artist: How often, in [0, 1], the artist's drawing of a photograph is shown as its sketch, where there is one.
        crop: `(height, width)`: of what is seen, show a window of this size at a random place.
        telling: How often tones are told.

    Raises:
        ValueError: One of them is out of range.
    """

    augmentation: str = NO_AUGMENTATION
    pair_augmentation: str = NO_AUGMENTATION
    flip: bool = False
    zoom: float = 1.0
    aspect: float = 1.0
    margin: float = 0.0
    artist: float = 0.0
    crop: tuple[int, int] | None = None
    telling: Telling = NOTHING_TOLD

    def __post_init__(self) -> None:
        for name in ("augmentation", "pair_augmentation"):
            if getattr(self, name) not in AUGMENTATIONS:
                known = ", ".join(AUGMENTATIONS)
                raise ValueError(f"`{name}` must be one of {known}. Received: {getattr(self, name)!r}.")
        for name in ("zoom", "aspect"):
            if not getattr(self, name) >= 1:  # NaN is refused too
                raise ValueError(f"`{name}` must be at least 1. Received: {name}={getattr(self, name)}.")
        shares = {
            "told": self.telling.share,
            "retoned": self.telling.retoned,
            "artist": self.artist,
            "margin": self.margin,
        }
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise ValueError(f"`{name}` must be a share, in [0, 1]. Received: {name}={share}.")
        if self.crop is not None:
            images.check_size(self.crop, "crop")


AS_IT_IS = Showing()
