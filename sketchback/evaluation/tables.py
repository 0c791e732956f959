"""All scores of all kinds of prediction, picture by picture, and what they come to."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping, Sequence

import numpy as np

from sketchback.evaluation import metrics, perceptual

logger = logging.getLogger(__name__)


class Table:
    """Scores of several predictions of the same photographs, gathered batch by batch.

    Every picture gets `metrics.METRICS` and `sharpness`; where EfficientNet-lite0 is installed also `distance`, and
    where it is not, one line says what to install.
    """

    def __init__(self) -> None:
        self._features: perceptual.Features | None = None
        try:
            self._features = perceptual.Features()
        except ValueError as error:  # FeaturesError, of a module that would bring Keras with it
            logger.warning("no distance and no KID: %s", error)
        self._scores: dict[str, list[dict[str, float]]] = {}
        self._pooled: dict[str, list[np.ndarray]] = {}
        self._truths: list[np.ndarray] = []  # the photographs' own pooled features

    def add(self, truths: np.ndarray, predictions: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Scores a batch.

        Args:
            truths: `(B, H, W, 3)` float RGB in [0, 1].
            predictions: Name of a row -> `B` predictions of the same size; the same names in every batch.
        """
        described = self._features(truths) if self._features else None
        if described:
            self._truths.extend(described.pooled)
        for row, pictures in predictions.items():
            batch = [
                metrics.score(truth, picture) | {"sharpness": perceptual.sharpness_ratio(truth, picture)}
                for truth, picture in zip(truths, pictures, strict=True)
            ]
            if self._features and described:
                own = self._features(np.stack(pictures))
                for scores, distance in zip(batch, perceptual.distance(described, own), strict=True):
                    scores["distance"] = float(distance)
                self._pooled.setdefault(row, []).extend(own.pooled)
            self._scores.setdefault(row, []).extend(batch)

    def summary(self, chosen: np.ndarray) -> dict[str, dict[str, metrics.Interval]]:
        """What the pictures that a mask `(N,)` chooses come to: row -> metric -> interval.

        Means, but for `sharpness`, a median; with them `kid` where there are `perceptual.KID_LEAST` pictures.
        """
        return {row: self._summary(row, chosen) for row in self._scores}

    def _summary(self, row: str, chosen: np.ndarray) -> dict[str, metrics.Interval]:
        scores = list(itertools.compress(self._scores[row], chosen))
        found = {
            name: metrics.bootstrap_interval(
                [own[name] for own in scores], statistic=np.median if name == "sharpness" else np.mean
            )
            for name in scores[0]
        }
        if self._truths and len(scores) >= perceptual.KID_LEAST:
            found["kid"] = perceptual.kid(np.stack(self._truths)[chosen], np.stack(self._pooled[row])[chosen])
        return found
