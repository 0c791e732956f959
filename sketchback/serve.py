"""The page: draw or drop a sketch in a browser, see the photograph beside it. Everything stays on this machine."""

from __future__ import annotations

import argparse
import errno
import ipaddress
import os
import socket
import sys
import webbrowser
from pathlib import Path

from sketchback import console
from sketchback.web import worker

PORT = 8000
TRIES = 20  # ports above the first that are tried where none was asked for


def serve(
    host: str = "127.0.0.1", port: int | None = None, weights: str | Path = "faces", browser: bool = True
) -> None:
    """Serves the page and its HTTP API until Ctrl-C.

    Args:
        host: The address to listen at. The default is reached from this machine only; `"0.0.0.0"` is reached from
            the whole network, by anybody.
        port: 0 for any that is free; by default 8000, or the next one that is free.
        weights: The weights that are chosen first, a name or a file; all others by name can be chosen on the page.
        browser: Open the page in the browser, where there is one.

    Raises:
        FileNotFoundError: No such weights.
        ImportError: The extra `page` is not installed.
        OSError: The address or the port cannot be had.
        ValueError: The weights are damaged, or the port is no port.
    """
    try:
        import fastapi_offline  # noqa: F401  # `server` serves its files
        import uvicorn

        from sketchback.web import app
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sketchback"):
            raise
        raise ImportError(
            f'The page needs the extra `page`: pip install -e ".[page]" (missing: {error.name}).'
        ) from None

    room = worker.Darkroom(worker.catalogue(weights))
    listening = _listen(host, port)
    loopback = _is_loopback(host)
    own = {*app.LOOPBACK, host}
    if not loopback:
        own |= {socket.gethostname(), f"{socket.gethostname()}.local"}
    app = app.application(room, sorted(own), addresses=not loopback)
    url = address(host, listening.getsockname()[1])
    print(f"The page is at {url} (Ctrl-C ends it)", flush=True)
    if not loopback:
        print("Everybody on your network can reach it. `--host 127.0.0.1` keeps it to this machine.", flush=True)
    if browser and has_screen():
        webbrowser.open(url)  # the socket listens already: what comes early waits a moment
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=5,
        timeout_graceful_shutdown=3,
        limit_concurrency=512,
    )
    uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int | None) -> socket.socket:
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
            if error.errno == errno.EADDRINUSE and candidate != candidates[-1]:
                continue
            reason = {
                errno.EADDRINUSE: f"port {candidate} is taken; choose another --port",
                errno.EACCES: f"port {candidate} is for the system; choose a --port above 1023",
                errno.EADDRNOTAVAIL: "that is no address of this machine; 127.0.0.1 always is",
            }.get(error.errno, str(error))
            raise OSError(f"Cannot listen at {host}: {reason}.") from None
    raise AssertionError("the last candidate returned or raised")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address(host: str, port: int) -> str:
    """The address of the page as a browser takes it.

    >>> address("127.0.0.1", 8000), address("::1", 80), address("0.0.0.0", 8000)
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


def main(argv: list[str] | None = None) -> int:
    """The command line of `python -m sketchback.serve`."""
    made = console.parser(
        "serve",
        "Open the page: draw or drop a sketch in the browser, see the photograph beside it.",
        "  python -m sketchback.serve\n"
        "  python -m sketchback.serve --weights buildings --port 8080 --no-browser\n\n"
        "Nothing leaves this machine, and nobody else reaches it, unless --host says so. The page has an HTTP API,\n"
        "image bytes in, image bytes out, described at /docs:\n\n"
        "  curl --data-binary @drawing.png -H 'Content-Type: image/png' -o photo.png "
        "http://127.0.0.1:8000/api/invert\n\n"
        'It needs the extra `page`: pip install -e ".[page]"\n\n'
        "A generated face is a suggestion, not evidence of identity.",
    )
    made.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="HOST",
        help="address to listen at; 0.0.0.0 lets the whole network in, to draw on a phone or tablet "
        "(default: 127.0.0.1, this machine only)",
    )
    made.add_argument(
        "--port",
        type=int,
        metavar="PORT",
        help=f"0 takes any that is free (default: {PORT}, or the next one that is free)",
    )
    made.add_argument(
        "--weights", default="faces", metavar="W", help="chosen first: faces, buildings, or a file (default: faces)"
    )
    made.add_argument("--no-browser", action="store_true", help="do not open the page in the browser")

    def serve_until_stopped(arguments: argparse.Namespace) -> None:
        serve(arguments.host, arguments.port, arguments.weights, browser=not arguments.no_browser)

    return console.run(serve_until_stopped, made, argv)


if __name__ == "__main__":
    from sketchback.serve import main  # as itself: `__main__` is not below the log's `sketchback`

    raise SystemExit(main())
