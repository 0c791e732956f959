"""The page: draw or drop a sketch in a browser, see the photograph beside it. Everything stays on this machine."""

from __future__ import annotations

import argparse
import socket
import webbrowser
from pathlib import Path

from sketchback import console
from sketchback.extras import install
from sketchback.inference import options, runtime
from sketchback.web import catalogue, listening
from sketchback.web.worker import InferenceWorker
from sketchback.weights import DEFAULT


def serve(
    *, host: str = "127.0.0.1", port: int | None = None, weights: str | Path = DEFAULT, browser: bool = True
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
        ValueError: The weights are damaged, or make no photographs of sketches; or the port is no port.
    """
    try:
        import fastapi_offline  # noqa: F401  # `web.app` serves its files
        import uvicorn

        from sketchback.web.app import application
        from sketchback.web.guard import LOOPBACK
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sketchback"):
            raise
        raise ImportError(f"The page needs the extra `page`: {install('page')} (missing: {error.name}).") from None

    worker = InferenceWorker(catalogue.find(weights))
    options.check(runtime.load_once(worker.known[worker.default]), options.Options())
    opened = listening.listen(host, port)
    local = listening.is_loopback(host)
    names = {*LOOPBACK, host}
    if not local:
        names |= {socket.gethostname(), f"{socket.gethostname()}.local"}
    url = listening.url(host, opened.getsockname()[1])
    print(f"The page is at {url} (Ctrl-C ends it)", flush=True)
    if not local:
        print("Everybody on your network can reach it. `--host 127.0.0.1` keeps it to this machine.", flush=True)
    if browser and listening.has_screen():
        webbrowser.open(url)  # the socket listens already, so an early request waits
    config = uvicorn.Config(
        application(worker, hosts=names, addresses=not local),
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=5,
        timeout_graceful_shutdown=3,
        limit_concurrency=512,
    )
    uvicorn.Server(config).run(sockets=[opened])


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
        f"It needs the extra `page`: {install('page')}\n\n"
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
        help=f"0 takes any that is free (default: {listening.PORT}, or the next one that is free)",
    )
    made.add_argument(
        "--weights", default=DEFAULT, metavar="W", help=f"chosen first: a name or a file (default: {DEFAULT})"
    )
    made.add_argument("--no-browser", action="store_true", help="do not open the page in the browser")

    def serve_until_stopped(arguments: argparse.Namespace) -> None:
        serve(
            host=arguments.host,
            port=arguments.port,
            weights=arguments.weights,
            browser=not arguments.no_browser,
        )

    return console.run(serve_until_stopped, made, argv)


if __name__ == "__main__":
    raise SystemExit(main())
