"""Where the server listens, and how a browser on this machine reaches it."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys

PORT = 8000
TRIES = 20  # ports from `PORT` on that are tried where none was asked for


def listen(host: str, port: int | None = None) -> socket.socket:
    """Opens a socket that listens.

    Args:
        host: An address of this machine, or a name of one.
        port: 0 for any that is free; None for the first that is free from 8000 on.

    Raises:
        OSError: The address or the port cannot be had.
        ValueError: `host` is no address, or `port` no port.
    """
    if port is not None and not 0 <= port <= 65535:
        raise ValueError(f"A port must be from 0 to 65535. Received: {port}.")
    candidates = [port] if port is not None else [*range(PORT, PORT + TRIES), 0]
    try:
        family, kind, number, _, _ = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError):
        raise ValueError(f"A host must be an address of this machine, such as 127.0.0.1. Received: {host!r}.") from None
    for candidate in candidates:
        made = socket.socket(family, kind, number)
        if os.name == "posix":  # elsewhere it means that two servers may share a port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, candidate))
            made.listen(128)
            return made
        except OSError as error:
            made.close()
            # Windows reserves some ports for its virtual machines, and refuses these.
            if error.errno in (errno.EADDRINUSE, errno.EACCES) and candidate != candidates[-1]:
                continue
            reasons = {
                errno.EADDRINUSE: f"port {candidate} is taken; choose another --port",
                errno.EACCES: f"port {candidate} is for the system; choose a --port above 1023",
                errno.EADDRNOTAVAIL: "that is no address of this machine; 127.0.0.1 always is",
            }
            raise OSError(f"Cannot listen at {host}: {reasons.get(error.errno or 0, str(error))}.") from None
    raise AssertionError("the last candidate returned or raised")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens at an address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url(host: str, port: int) -> str:
    """The address of the page as a browser takes it.

    >>> url("127.0.0.1", 8000), url("::1", 80), url("0.0.0.0", 8000)
    ('http://127.0.0.1:8000/', 'http://[::1]:80/', 'http://127.0.0.1:8000/')
    """
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reached}]:{port}/" if ":" in reached else f"http://{reached}:{port}/"


def has_screen() -> bool:
    """Whether a browser with a window can be expected: not over SSH, not on a server without a display."""
    if os.environ.get("SSH_CONNECTION") or os.environ.get("CI"):
        return False
    if sys.platform.startswith(("win", "darwin")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
