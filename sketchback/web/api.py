"""The HTTP API: its routes, what they take and answer, and how the schema describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Query, Request, Response

from sketchback import __version__, images
from sketchback.inference.pipeline import MAX_ANSWER
from sketchback.web import parameters
from sketchback.web.asking import Asked
from sketchback.web.errors import RefusedError
from sketchback.web.exchange import BODY_SECONDS, DRAWING, MAX_BYTES, NOTE, TOLD, WORK_SECONDS, Say, answer
from sketchback.web.worker import MAX_PIXELS, MAX_STROKES, InferenceWorker

Format = Literal["png", "jpg", "jpeg", "webp", "tiff", "pdf"]
MEDIA_TYPES: dict[Format, str] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "tiff": "image/tiff",
    "pdf": "application/pdf",
}
INTRODUCTION = f"""
The bytes of a drawing in, the bytes of a photograph out; nothing leaves this machine.

```
curl --data-binary @drawing.png -H 'Content-Type: image/png' -o photo.png http://127.0.0.1:8000/api/invert
```

The body is the file itself: PNG, JPEG, WebP, TIFF, BMP or GIF, at most {MAX_BYTES // 10**6} MB and
{MAX_PIXELS // 10**6} megapixels. Or it is a form, with colours in their places (a PNG over the drawing, transparent
where nothing is told, at most {MAX_STROKES // 10**6} megapixels) or a photograph whose tones are taken over
place by place, or both:

```
curl -F drawing=@drawing.png -F strokes=@strokes.png -F reference=@photo.jpg -o photo.png \
  'http://127.0.0.1:8000/api/invert?hair=grey&lighter=0.1&candidate=2&seed=7'
```

Strokes count before named colours, these before the reference. One call is one candidate, by its number: so an answer
is always one picture, and four candidates are a loop, `for i in 0 1 2 3`. What the weights can do is in `/api/weights`.

Every error is JSON, `{{"error": "a sentence"}}`. When many ask at once, the answer is
503 with `Retry-After`: come again in a moment. A drawing that is white on black is turned, and the header
`{NOTE}` says so.

A generated face is a suggestion, not evidence of identity.
"""

# ---- what the OpenAPI schema says about bodies and answers

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY_TYPES = ("application/octet-stream", "image/png", "image/jpeg", "image/webp", "image/tiff")
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself.",
        "content": dict.fromkeys(_BODY_TYPES, _BINARY),
    }
}
_FORM = {
    "schema": {
        "type": "object",
        "required": [DRAWING],
        "additionalProperties": False,
        "properties": dict.fromkeys((DRAWING, *TOLD), _BINARY["schema"]),
    }
}
_BODY_OR_FORM = {
    "requestBody": {
        "required": True,
        "description": "The file itself, or a form with it and what is told of its colours.",
        "content": {**dict.fromkeys(_BODY_TYPES, _BINARY), "multipart/form-data": _FORM},
    }
}
_SENTENCE = {
    "application/json": {
        "schema": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    }
}
_WORDS = {"type": "array", "items": {"enum": ["paper", "small", "building", "face", "upside down"]}}
_NOTICES = {
    "application/json": {"schema": {"type": "object", "required": ["notices"], "properties": {"notices": _WORDS}}}
}
_ERRORS = {
    400: "The file or a parameter is wrong.",
    403: "Sent by another web site, or to a name that is not this machine's.",
    408: f"The file did not arrive within {BODY_SECONDS:.0f} seconds.",
    413: f"The file is larger than {MAX_BYTES // 10**6} MB.",
    415: "The body is text, compressed, or a form where none is taken.",
    422: "Nothing is drawn on the sheet.",
    500: "Something went wrong here.",
    503: "Busy. `Retry-After` says in how many seconds to come again.",
    504: f"The work took longer than {WORK_SECONDS:.0f} seconds.",
}


def _responses(media_types: Iterable[str]) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"description": "The picture.", "content": dict.fromkeys(media_types, _BINARY)},
        **{status: {"description": text, "content": _SENTENCE} for status, text in _ERRORS.items()},
    }


def _check_names(request: Request) -> None:
    """Raises `RefusedError` for a parameter that would be ignored: misspelt, or given twice."""
    described = request.app.openapi()["paths"][request.url.path]["post"].get("parameters", [])
    known = [one["name"] for one in described if one["in"] == "query"]
    for name in request.query_params:
        if len(request.query_params.getlist(name)) > 1:
            raise RefusedError(400, f"A parameter must be given once. Received: {name[:40]!r} more than once.")
        if name not in known:
            takes = f"one of {', '.join(known)}" if known else "left out"
            raise RefusedError(400, f"A parameter must be {takes}. Received: {name[:40]!r}.")


# ---- routes


def add_routes(app: FastAPI, worker: InferenceWorker) -> None:
    """Adds the API to an application."""

    @app.get("/api/health", tags=["state"], summary="Is it there, is it warm or why not, how many are waiting")
    async def health() -> dict[str, object]:
        return {
            "status": "ok",
            "ready": worker.ready,
            "failure": worker.failure,
            "taken": worker.taken,
            "version": __version__,
        }

    @app.get("/api/weights", tags=["state"], summary="The weights to choose from")
    async def list_weights() -> dict[str, object]:
        return {"default": worker.default, "weights": worker.describe()}

    @app.post(
        "/api/invert",
        tags=["drawings"],
        summary="Drawing -> photograph",
        response_class=Response,
        dependencies=[Depends(_check_names)],
        openapi_extra=_BODY_OR_FORM,
        responses=_responses(MEDIA_TYPES.values()),
        description="The photograph has the size of the drawing, at most 1600 pixels on its longer side, or `scale` "
        f"times that, at most {MAX_ANSWER // 10**6} megapixels. Weights that cannot do what is asked answer 400.",
    )
    async def invert(
        request: Request,
        asked: Annotated[Asked, Depends(parameters.read)],
        weights: Annotated[str | None, Query(description="A name from `/api/weights`; the default for none.")] = None,
        format: Annotated[Format, Query(description="Of the answer.")] = "png",
    ) -> Response:
        try:
            name = worker.check_weights(weights)
            asked.check(name, worker.can[name])  # before the body is read
        except ValueError as error:
            raise RefusedError(400, str(error)) from None

        def work(parts: dict[str, bytes], say: Say) -> bytes:
            told = {part: parts[part] for part in TOLD if part in parts}
            return images.encode(worker.invert(parts[DRAWING], name, asked, **told, say=say), format)

        media_type = MEDIA_TYPES[format]
        return await answer(request, worker, work, name=f"photograph.{format}", media_type=media_type, told=TOLD)

    @app.post(
        "/api/sketch",
        tags=["drawings"],
        summary="Any picture of a drawing -> the drawing as a generator is shown it",
        response_class=Response,
        dependencies=[Depends(_check_names)],
        openapi_extra=_BODY,
        responses=_responses(["image/png"]),
        description="Grey on white paper, as PNG; cleaned unless `clean=false`.",
    )
    async def sketch(
        request: Request,
        clean: Annotated[bool, Query(description="Straighten, flatten and crop a photograph of paper.")] = True,
    ) -> Response:
        def work(parts: dict[str, bytes], say: Say) -> bytes:
            return images.encode(worker.sketch(parts[DRAWING], clean, say), "png")

        return await answer(request, worker, work, name="drawing.png", media_type="image/png")

    @app.post(
        "/api/notice",
        tags=["drawings"],
        summary="What to ask a person about a drawing before a photograph is made of it",
        dependencies=[Depends(_check_names)],
        openapi_extra=_BODY,
        responses={**_responses([]), 200: {"description": "Words, none where nothing is sure.", "content": _NOTICES}},
        description="`paper` for a photograph of a page that was not cleaned, else `small` where most of the sheet is "
        "empty, `building` or `face`, and `upside down`; see `shows` in `/api/weights`.",
    )
    async def notice(request: Request) -> Response:
        def work(parts: dict[str, bytes], say: Say) -> bytes:
            return json.dumps({"notices": worker.notice(parts[DRAWING])}).encode()

        return await answer(request, worker, work, name="notices.json", media_type="application/json")
