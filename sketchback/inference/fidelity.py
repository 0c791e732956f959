"""Fidelity: between the two ends of one training, the faithful mean and the adversarial end.

The adversarial stage ends in `NAME.weights.h5`, and what it began with ships beside it as `NAME-faithful.weights.h5`.
Both are one architecture and near each other, so a network whose every weight lies between theirs is a generator too
(network interpolation, ESRGAN, Wang et al. 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from pathlib import Path

import numpy as np

from sketchback import weights

DEFAULT_FIDELITY = 0.0  # where there are two ends and nobody asks


def faithful_end(path: Path) -> Path:
    """The file of the faithful end, whether it is there or not: `X-faithful.weights.h5` beside `X.weights.h5`.

    >>> faithful_end(Path("weights/faces.weights.h5")).name
    'faces-faithful.weights.h5'
    """
    return path.with_name(f"{path.name.removesuffix(weights.SUFFIX)}{weights.FAITHFUL}{weights.SUFFIX}")


def ends(path: Path, fidelity: float | None) -> list[tuple[Path, float]]:
    """Which files are read, and the share of each.

    Args:
        path: The file that was asked for.
        fidelity: In [0, 1]. None stands for `DEFAULT_FIDELITY` where the other end is there, and for the file itself
            where it is not.

    Returns:
        One or two files, with shares above 0 whose sum is 1.

    Raises:
        ValueError: `fidelity` is out of range, or there is no other end.
    """
    if fidelity is not None and not (isinstance(fidelity, Real) and 0 <= fidelity <= 1):  # NaN is refused too
        raise ValueError(
            "`fidelity` must be in [0, 1]: 1 is the faithful mean, 0 what looks most like a photograph. "
            f"Received: {fidelity!r}."
        )
    other = faithful_end(path)
    if not other.is_file():
        if fidelity is not None:
            whole = faithful_end(path.with_name(path.name.replace(weights.FAITHFUL, ""))) == path
            raise ValueError(
                f"`fidelity` needs both ends of a training, as {weights.DEFAULT} has them: X{weights.SUFFIX}, and "
                f"beside it X{weights.FAITHFUL}{weights.SUFFIX}. Received: fidelity={fidelity:g}, and {path.name}, "
                f"{'which is the second. Name the first' if whole else 'alone. Leave it out'}."
            )
        return [(path, 1.0)]
    share = DEFAULT_FIDELITY if fidelity is None else float(fidelity)
    return [(end, part) for end, part in ((path, 1 - share), (other, share)) if part]


def mix(arrays: Sequence[Sequence[np.ndarray]], shares: Sequence[float]) -> list[np.ndarray]:
    """The weights that lie between those of several networks of one architecture.

    Args:
        arrays: Of each network, in one order.
        shares: Of each network; their sum is 1.

    Returns:
        Arrays in float32; those of the network itself where there is only one.
    """
    if len(arrays) == 1:
        return list(arrays[0])
    mixed = [
        sum(array * np.float32(share) for array, share in zip(same, shares, strict=True))
        for same in zip(*arrays, strict=True)
    ]
    return [np.asarray(array, np.float32) for array in mixed]
