"""The built-in faces and buildings, drawn from a seed."""

from sketchback.datasets.builtin.pictures import BUILDINGS, FACES, building, face

__all__ = ["BUILDINGS", "FACES", "building", "face"]
