"""The application: the page's files, the HTTP API, and the guard in front of both.

No text of a request becomes a path: the page's files are read once, when the application is built.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterable
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from sketchback import __version__
from sketchback.web import api, errors, guard
from sketchback.web.worker import InferenceWorker

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable  # Python 3.11

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".png": "image/png",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """FastAPI lists the form of its own errors for a wrong parameter, which is a 400 here."""
        if self.openapi_schema is None:
            schema = super().openapi()
            schema.pop("components", None)
            self.openapi_schema = schema
        return self.openapi_schema


def application(worker: InferenceWorker, *, hosts: Iterable[str] = guard.LOOPBACK, addresses: bool = False) -> FastAPI:
    """Builds the application.

    Args:
        worker: Turns drawings into photographs. It loads its weights when the application starts, and is closed when
            it ends.
        hosts: See `Guard`.
        addresses: See `Guard`.

    Returns:
        An ASGI application.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker.warm()
        yield
        await asyncio.to_thread(worker.close)

    app = _Application(
        title="sketchback",
        version=__version__,
        description=api.INTRODUCTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(guard.Guard, hosts=hosts, addresses=addresses)
    errors.add_handlers(app)
    _add_files(app)
    api.add_routes(app, worker)
    return app


class _File(NamedTuple):
    data: bytes
    media_type: str
    tag: str


def _files() -> dict[str, _File]:
    """Every file that is served, by its address.

    The page's own, and Swagger UI's as the package `fastapi-offline` brings them, for `/docs` without a network.
    """
    found: dict[str, _File] = {}

    def add(folder: str, file: Traversable) -> None:
        media_type = MEDIA_TYPES.get(file.name[file.name.rfind(".") :])
        if media_type:
            data = file.read_bytes()
            found[f"{folder}/{file.name}"] = _File(data, media_type, f'"{hashlib.sha256(data).hexdigest()[:32]}"')

    static = resources.files(__package__) / "static"
    for file in static.iterdir():
        if file.is_file():
            add("/page", file)
    for file in (static / "samples").iterdir():
        add("/page/samples", file)
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        add("/page", resources.files("fastapi_offline") / "static" / name)
    return found


def _add_files(app: FastAPI) -> None:
    files = _files()

    def answer(request: Request, address: str, *, policy: str = guard.POLICY) -> Response:
        if address not in files:
            raise HTTPException(404)
        file = files[address]
        headers = {"ETag": file.tag, "Cache-Control": "no-cache", "Content-Security-Policy": policy}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        return Response(file.data, media_type=file.media_type, headers=headers)

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(request: Request) -> Response:
        return answer(request, "/page/index.html")

    @app.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs(request: Request) -> Response:
        return answer(request, "/page/docs.html", policy=guard.DOCS_POLICY)

    @app.api_route("/service-worker.js", methods=["GET", "HEAD"], include_in_schema=False)
    async def leaving(request: Request) -> Response:
        return answer(request, "/page/leaving.js")

    @app.api_route("/page/{name:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def static(request: Request) -> Response:
        return answer(request, request.url.path)
