"""The page and its HTTP API as an application: image bytes in, image bytes out, every error a sentence in JSON.

Written for a machine that other programs and other web sites share: a request is answered only under this machine's
own names (no DNS rebinding), never when another site sent it, and what it may hold is bounded in bytes, pixels, time
and number. No text of a request becomes a path: files of the page are read once, weights are looked up in a table.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from importlib import resources
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sketchback import __version__
from sketchback.web.worker import FORMATS, MAX_PIXELS, BusyError, Darkroom, UnusableError, encode

Format = Literal["png", "jpg", "jpeg", "webp", "tiff", "pdf"]  # those of `worker.FORMATS`
MAX_BYTES = 25_000_000
BODY_SECONDS = 20.0  # for the whole body to arrive
WORK_SECONDS = 60.0  # for waiting and work together
LOOPBACK = ("127.0.0.1", "localhost", "::1")
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".png": "image/png",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# All that the page may load is its own; no script, style or frame of anybody else's.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
DOCS_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")  # Swagger UI sets styles
INTRODUCTION = f"""
The bytes of a drawing in, the bytes of a photograph out; nothing leaves this machine.

```
curl --data-binary @drawing.png -H 'Content-Type: image/png' -o photo.png http://127.0.0.1:8000/api/invert
```

The body is the file itself: PNG, JPEG, WebP, TIFF, BMP or GIF, at most {MAX_BYTES // 10**6} MB and
{MAX_PIXELS // 10**6} megapixels. Every error is JSON, `{{"error": "a sentence"}}`. When many ask at once, the answer is
503 with `Retry-After`: come again in a moment.

A generated face is a suggestion, not evidence of identity.
"""


class _RefusedError(Exception):
    """A request that is answered with a sentence."""

    def __init__(self, status: int, sentence: str, **headers: str):
        super().__init__(sentence)
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}


class Guard:
    """Lets through what is meant for this machine, and gives every answer its security headers.

    Args:
        app: The application behind it.
        hosts: Names in the `Host` header that are ours. A page of another site can make its own name lead to this
            machine (DNS rebinding), but it cannot choose the header.
        addresses: Whether any IP address is ours too, for a server that listens beyond this machine: rebinding
            needs a name.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = LOOPBACK, addresses: bool = False):
        self.app, self.hosts, self.addresses = app, {host.lower() for host in hosts}, addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or hands on."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY)
                headers.setdefault("Cache-Control", "no-store")
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        refusal = self.refusal(scope["method"], Headers(scope=scope))
        await (refusal or self.app)(scope, receive, send_guarded)

    def refusal(self, method: str, headers: Headers) -> Response | None:
        """The answer to a request that is not let through."""
        host = headers.get("host", "")
        if not self._ours(_hostname(host)):
            names = ", ".join(sorted(self.hosts))
            return _error(403, f"This server answers under its own names only ({names}). Received: {host[:80]!r}.")
        if method in ("GET", "HEAD"):
            return None
        origin = headers.get("origin")
        foreign = origin is not None and origin.partition("://")[2].lower() != host.lower()
        if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _error(403, "A drawing must be sent by this page or by a program, not by another web site.")
        return None

    def _ours(self, name: str) -> bool:
        if name in self.hosts:
            return True
        with contextlib.suppress(ValueError):
            return self.addresses and bool(ipaddress.ip_address(name))
        return False


def _hostname(header: str) -> str:
    """The name in a `Host` header, without its port; empty where it is none.

    >>> _hostname("Localhost:8000"), _hostname("[::1]:80"), _hostname("a:b:c")
    ('localhost', '::1', '')
    """
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:@/\s\[\]]+))(?::\d*)?", header)
    return (found[1] or found[2]).lower() if found else ""


def _error(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": sentence}, status, headers)


def assets() -> dict[str, tuple[bytes, str, str]]:
    """Every file that is served, by its address: bytes, media type, entity tag.

    The page's own, and Swagger UI's as the package `fastapi-offline` brings them, for `/docs` without a network.
    """
    found: dict[str, tuple[bytes, str, str]] = {}

    def add(address: str, file) -> None:  # importlib's Traversable
        data = file.read_bytes()
        kind = KINDS.get(file.name[file.name.rfind(".") :])
        if kind:
            found[address] = data, kind, f'"{hashlib.sha256(data).hexdigest()[:32]}"'

    page = resources.files(__package__) / "static"
    for file in page.iterdir():
        if file.is_file():
            add(f"/page/{file.name}", file)
    for file in (page / "samples").iterdir():
        add(f"/page/samples/{file.name}", file)
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        add(f"/page/{name}", resources.files("fastapi_offline") / "static" / name)
    return found


def application(darkroom: Darkroom, hosts: Sequence[str] = LOOPBACK, addresses: bool = False) -> FastAPI:
    """Builds the application.

    Args:
        darkroom: Where drawings become photographs; it is warmed when the application starts, closed when it ends.
        hosts: See `Guard`.
        addresses: See `Guard`.

    Returns:
        An ASGI application.
    """

    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        darkroom.warm()
        yield
        await asyncio.to_thread(darkroom.close)

    app = FastAPI(
        title="sketchback", version=__version__, description=INTRODUCTION, docs_url=None, redoc_url=None, lifespan=life
    )
    app.add_middleware(Guard, hosts=hosts, addresses=addresses)
    _answer_errors(app)
    _serve_files(app)
    _serve_api(app, darkroom)
    return app


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(_RefusedError)
    async def refused(_: Request, error: _RefusedError) -> Response:
        return _error(error.status, str(error), error.headers)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        sentences = {
            404: f"There is nothing at {request.url.path[:80]!r}. The API is described at /docs.",
            405: f"{request.method} is not what {request.url.path[:80]!r} takes. The API is described at /docs.",
        }
        headers = dict(error.headers or {})
        return _error(error.status_code, sentences.get(error.status_code, str(error.detail)), headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        received = str(first.get("input"))[:80]
        return _error(400, f"`{first['loc'][-1]}`: {first['msg']}. Received: {received!r}.")

    @app.exception_handler(Exception)
    async def failed(_: Request, __: Exception) -> Response:  # uvicorn logs it
        return _error(500, "Something went wrong here, not with your drawing. The terminal says more.")


def _serve_files(app: FastAPI) -> None:
    files = assets()

    def answer(request: Request, address: str, policy: str = POLICY) -> Response:
        if address not in files:
            raise HTTPException(404)
        data, kind, tag = files[address]
        headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Security-Policy": policy}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=kind, headers=headers)

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        return answer(request, "/page/index.html")

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return answer(request, "/page/docs.html", DOCS_POLICY)

    @app.get("/page/{name:path}", include_in_schema=False)
    async def file(request: Request) -> Response:
        return answer(request, request.url.path)


_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/octet-stream", "image/png", "image/jpeg", "image/webp", "image/tiff")
        },
    }
}
_SENTENCE = {
    "application/json": {
        "schema": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    }
}
_ERRORS = {
    400: "The file or a parameter is wrong.",
    403: "Sent by another web site, or to a name that is not this machine's.",
    408: f"The file did not arrive within {BODY_SECONDS:.0f} seconds.",
    413: f"The file is larger than {MAX_BYTES // 10**6} MB.",
    415: "The body is a form or is compressed, not the file itself.",
    500: "Something went wrong here.",
    503: "Busy. `Retry-After` says in how many seconds to come again.",
    504: f"The work took longer than {WORK_SECONDS:.0f} seconds.",
}


def _answers(kinds: Sequence[str]) -> dict[int | str, dict[str, object]]:
    image = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    return {
        200: {"description": "The picture.", "content": image},
        **{status: {"description": text, "content": _SENTENCE} for status, text in _ERRORS.items()},
    }


def _serve_api(app: FastAPI, darkroom: Darkroom) -> None:
    # FastAPI names 422 for every route with a parameter; here a wrong one is a 400.
    schema = app.openapi

    def without_422() -> dict[str, object]:
        if app.openapi_schema is None:
            made = schema()
            made.pop("components", None)
            for path in made["paths"].values():
                for operation in path.values():
                    operation["responses"].pop("422", None)
        return app.openapi_schema

    app.openapi = without_422

    @app.get("/api/health", tags=["state"], summary="Is it there, is it warm, how many are waiting")
    async def health() -> dict[str, object]:
        return {"status": "ok", "ready": darkroom.ready, "taken": darkroom.taken, "version": __version__}

    @app.get("/api/weights", tags=["state"], summary="The weights to choose from")
    async def list_weights() -> dict[str, object]:
        return {"default": darkroom.default, "weights": darkroom.describe()}

    @app.post(
        "/api/invert",
        tags=["drawings"],
        summary="Drawing -> photograph",
        response_class=Response,
        openapi_extra=_BODY,
        responses=_answers([kind for _, kind in dict.fromkeys(FORMATS.values())]),
        description="The photograph has the size of the drawing, at most 1600 pixels on its longer side.",
    )
    async def invert(
        request: Request,
        weights: Annotated[str | None, Query(description="A name from `/api/weights`; the default for none.")] = None,
        clean: Annotated[bool, Query(description="Clean a photograph or scan of paper first.")] = False,
        compare: Annotated[bool, Query(description="The drawing beside the photograph.")] = False,
        format: Annotated[Format, Query(description="Of the answer.")] = "png",
    ) -> Response:
        name = _checked(darkroom.check_weights, weights)

        def work(data: bytes) -> bytes:
            return encode(darkroom.invert(data, name, clean, compare), format)

        return await _developed(request, darkroom, work, f"photograph.{format}", FORMATS[format][1])

    @app.post(
        "/api/sketch",
        tags=["drawings"],
        summary="Any picture of a drawing -> the drawing as a generator is shown it",
        response_class=Response,
        openapi_extra=_BODY,
        responses=_answers(["image/png"]),
        description="Grey on white paper, as PNG; cleaned unless `clean=false`.",
    )
    async def sketch(
        request: Request,
        clean: Annotated[bool, Query(description="Straighten, flatten and crop a photograph of paper.")] = True,
    ) -> Response:
        def work(data: bytes) -> bytes:
            return encode(darkroom.sketch(data, clean), "png")

        return await _developed(request, darkroom, work, "drawing.png", "image/png")


def _checked(check: Callable[[str | None], str], value: str | None) -> str:
    try:
        return check(value)
    except ValueError as error:
        raise _RefusedError(400, str(error)) from None


async def _developed(
    request: Request, darkroom: Darkroom, work: Callable[[bytes], bytes], name: str, kind: str
) -> Response:
    """Reads the body, waits for the darkroom, answers; each within its bounds."""
    began = time.perf_counter()
    try:
        with darkroom.place():  # before the body is read: bodies that wait are bounded too
            data = await _body(request)
            arrived = time.perf_counter()
            result = await _result(request, darkroom, work, data)
    except BusyError as error:
        raise _RefusedError(503, str(error), Retry_After="1") from None
    except UnusableError as error:
        raise _RefusedError(500, str(error)) from None
    except ValueError as error:
        raise _RefusedError(400, str(error)) from None
    except MemoryError:
        raise _RefusedError(503, "There is not enough memory for this drawing now.", Retry_After="5") from None
    done = time.perf_counter()
    timing = f"body;dur={(arrived - began) * 1e3:.1f}, work;dur={(done - arrived) * 1e3:.1f}"
    return Response(
        result,
        media_type=kind,
        headers={
            "Content-Disposition": f'inline; filename="{name}"',
            "Server-Timing": timing,
        },
    )


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith(("multipart/", "text/")) or kind == "application/json":
        raise _RefusedError(
            415, f"The body must be the file itself: curl --data-binary @drawing.png. Received: {kind[:80]}."
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise _RefusedError(415, "The body must not be compressed; picture files already are.")
    declared = request.headers.get("content-length", "")
    too_large = _RefusedError(
        413, f"A file may have at most {MAX_BYTES // 10**6} MB. Make it smaller first.", Connection="close"
    )
    if declared.isdigit() and int(declared) > MAX_BYTES and "expect" in request.headers:
        raise too_large  # before the client sends any of it

    async def read() -> bytes:
        parts, length = [], 0
        async for part in request.stream():
            length += len(part)
            if length <= MAX_BYTES:
                parts.append(part)
            elif length > 4 * MAX_BYTES:
                break
            else:  # heard out a little: one who is cut off in mid-sentence does not listen to the answer
                parts.clear()
        if length > MAX_BYTES:
            raise too_large
        return b"".join(parts)

    try:
        return await asyncio.wait_for(read(), BODY_SECONDS)
    except (asyncio.TimeoutError, TimeoutError):
        raise _RefusedError(
            408, f"The file must arrive within {BODY_SECONDS:.0f} seconds.", Connection="close"
        ) from None


async def _result(request: Request, darkroom: Darkroom, work: Callable[[bytes], bytes], data: bytes) -> bytes:
    """Waits for the darkroom's thread; one who went away, or waited too long, is not worked for."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    future = darkroom.submit(work, data)
    waiting = asyncio.wrap_future(future)
    leaving = asyncio.create_task(gone())
    try:
        await asyncio.wait({waiting, leaving}, timeout=WORK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        if leaving.done():
            raise _RefusedError(499, "The client went away.")
        raise _RefusedError(
            504, f"The work took longer than {WORK_SECONDS:.0f} seconds. Try again with a smaller drawing."
        )
    finally:
        leaving.cancel()
        waiting.cancel()  # and with it the work, if it has not begun
