"""Multipart forms (RFC 7578), as browsers and `curl -F` send them, read from a body that is whole already."""

from __future__ import annotations

import re
from collections.abc import Collection

MAX_HEAD = 2000  # bytes before the content of a part


def read(content_type: str, body: bytes, names: Collection[str]) -> dict[str, bytes]:
    r"""Reads the parts of a form.

    Args:
        content_type: The header of the request, with the boundary.
        body: The whole form.
        names: The parts that there may be, each once.

    Returns:
        Name -> content.

    Raises:
        ValueError: The body is no form, or has other parts.

    >>> body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--'
    >>> read("multipart/form-data; boundary=x", body, ["a"])
    {'a': b'1'}
    """
    found = re.search(r'boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))', content_type, re.IGNORECASE)
    boundary = b"\r\n--" + ((found[1] or found[2]).encode("latin-1", "replace") if found else b"")
    # Content cannot hold its boundary; more pieces than there are names are not even cut.
    _, *pieces = (b"\r\n" + body).split(boundary, len(names) + 2)
    if not found or not pieces or not pieces[-1].startswith(b"--"):
        raise ValueError(f"A form must be whole, with at most the parts {', '.join(names)}. Received: another body.")
    parts: dict[str, bytes] = {}
    for piece in pieces[:-1]:
        head, _, content = piece.partition(b"\r\n\r\n")
        named = re.search(rb'content-disposition:[^\r\n]*?[;\s]name="?([^";\r\n]*)', head[:MAX_HEAD], re.IGNORECASE)
        name = named[1].decode("utf-8", "replace") if named else ""
        if name not in names or name in parts:
            raise ValueError(f"A form may have the parts {', '.join(names)}, each once. Received: {name[:80]!r}.")
        parts[name] = content
    return parts
