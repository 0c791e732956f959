"""Errors of the page and its API: each is JSON, `{"error": "a sentence"}`."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException


class RefusedError(Exception):
    """A request that is answered with a status and a sentence.

    Args:
        status: The HTTP status.
        sentence: The rule, what was received, the way out.
        headers: Further headers of the answer.
    """

    def __init__(self, status: int, sentence: str, *, headers: Mapping[str, str] | None = None):
        super().__init__(sentence)
        self.status, self.headers = status, headers


def response(status: int, sentence: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that failed."""
    return JSONResponse({"error": sentence}, status, headers)


def add_handlers(app: FastAPI) -> None:
    """Makes an application answer every error in this form, also those of FastAPI itself."""

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> Response:
        return response(error.status, str(error), headers=error.headers)

    @app.exception_handler(HTTPException)
    async def no_such_route(request: Request, error: HTTPException) -> Response:
        path = repr(request.url.path[:80])
        sentences = {
            404: f"There is nothing at {path}. The API is described at /docs.",
            405: f"{request.method} is not what {path} takes. The API is described at /docs.",
        }
        sentence = sentences.get(error.status_code, str(error.detail))
        return response(error.status_code, sentence, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid_parameter(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        received = str(first.get("input"))[:80]
        return response(400, f"`{first['loc'][-1]}`: {first['msg']}. Received: {received!r}.")

    @app.exception_handler(Exception)
    async def failed(_: Request, __: Exception) -> Response:  # uvicorn logs it
        return response(500, "Something went wrong here, not with your drawing. The terminal says more.")
