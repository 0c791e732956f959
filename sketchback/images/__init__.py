"""The only door between image files, other people's arrays and our images.

Inside the package an image is RGB, `(H, W, C)`, float32 in [0, 1]; a sketch is `(H, W, 1)` with white paper = 1.
`size` is always `(height, width)`.
"""

from sketchback.images.arrays import (
    FITS,
    MIN_SIDE,
    check_fit,
    check_image,
    check_size,
    contact_sheet,
    fit,
    from_uint8,
    grid,
    reduce,
    resize,
    side_by_side,
    to_gray,
    to_uint8,
)
from sketchback.images.reading import (
    MAX_BYTES,
    SUFFIXES,
    UNREADABLE,
    as_array,
    decode,
    list_files,
    probe,
    read,
)
from sketchback.images.writing import WRITABLE, as_kind_of, check_writable, encode, write

__all__ = [
    "FITS",
    "MAX_BYTES",
    "MIN_SIDE",
    "SUFFIXES",
    "UNREADABLE",
    "WRITABLE",
    "as_array",
    "as_kind_of",
    "check_fit",
    "check_image",
    "check_size",
    "check_writable",
    "contact_sheet",
    "decode",
    "encode",
    "fit",
    "from_uint8",
    "grid",
    "list_files",
    "probe",
    "read",
    "reduce",
    "resize",
    "side_by_side",
    "to_gray",
    "to_uint8",
    "write",
]
