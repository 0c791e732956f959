"""From the body of a request to its answer, within limits of bytes, time and number."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from sketchback.sketching.oddities import EmptySheetError
from sketchback.web import forms
from sketchback.web.errors import RefusedError
from sketchback.web.worker import BusyError, InferenceWorker, UnusableError

MAX_BYTES = 25_000_000
BODY_SECONDS = 20.0  # for the whole body to arrive
WORK_SECONDS = 60.0  # for waiting and work together
GONE = "The client went away."
NOTE = "Sketchback-Note"  # the header of an answer that says in a sentence what was done to the drawing

Say = Callable[[str], object]
Work = Callable[[dict[str, bytes], Say], bytes]  # the parts of a body -> the bytes of an answer
DRAWING, TOLD = "drawing", ("strokes", "reference")  # the parts of a form


async def answer(
    request: Request, worker: InferenceWorker, work: Work, *, name: str, media_type: str, told: Sequence[str] = ()
) -> Response:
    """Reads the body, waits for the inference worker, and answers; each within its limits."""
    began = time.perf_counter()
    notes: list[str] = []
    try:
        with worker.place():  # before the body is read: this bounds the bodies that wait, too
            parts = await _read_body(request, told)
            arrived = time.perf_counter()
            result = await _wait(request, worker, lambda: work(parts, notes.append))
    except BusyError as error:
        raise RefusedError(503, str(error), headers={"Retry-After": "1"}) from None
    except UnusableError as error:
        raise RefusedError(500, str(error)) from None
    except EmptySheetError as error:
        raise RefusedError(422, str(error)) from None
    except ValueError as error:
        raise RefusedError(400, str(error)) from None
    except MemoryError:
        raise RefusedError(
            503, "There is not enough memory for this drawing now.", headers={"Retry-After": "5"}
        ) from None
    done = time.perf_counter()
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Server-Timing": f"body;dur={(arrived - began) * 1e3:.1f}, work;dur={(done - arrived) * 1e3:.1f}",
    }
    if notes:
        headers[NOTE] = " ".join(notes)
    return Response(result, media_type=media_type, headers=headers)


async def _read_body(request: Request, told: Sequence[str]) -> dict[str, bytes]:
    """The file itself, by the name `DRAWING`, or the parts of a form where there may be more of them."""
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    is_form = bool(told) and kind == "multipart/form-data"
    if (kind.startswith(("multipart/", "text/")) and not is_form) or kind == "application/json":
        raise RefusedError(
            415, f"The body must be the file itself: curl --data-binary @drawing.png. Received: {kind[:80]}."
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusedError(415, "The body must not be compressed; picture files already are.")
    declared = request.headers.get("content-length", "")
    too_large = RefusedError(
        413,
        f"A file may have at most {MAX_BYTES // 10**6} MB. Make it smaller first.",
        headers={"Connection": "close"},
    )
    if declared.isdigit() and int(declared) > MAX_BYTES and "expect" in request.headers:
        raise too_large  # before the client sends any of it

    async def read() -> bytes:
        parts: list[bytes] = []
        length = 0
        async for part in request.stream():
            length += len(part)
            if length <= MAX_BYTES:
                parts.append(part)
            elif length > 4 * MAX_BYTES:
                break
            else:  # read on for a while: a client that is still sending does not see an answer
                parts.clear()
        if length > MAX_BYTES:
            raise too_large
        return b"".join(parts)

    try:
        body = await asyncio.wait_for(read(), BODY_SECONDS)
    except (asyncio.TimeoutError, TimeoutError):
        sentence = f"The file must arrive within {BODY_SECONDS:.0f} seconds."
        raise RefusedError(408, sentence, headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise RefusedError(499, GONE) from None
    if not is_form:
        return {DRAWING: body}
    parts = forms.read(content_type, body, (DRAWING, *told))
    if DRAWING not in parts:
        raise ValueError(f"A form must have the part `{DRAWING}`: curl -F {DRAWING}=@drawing.png. Received: none.")
    return parts


async def _wait(request: Request, worker: InferenceWorker, work: Callable[[], bytes]) -> bytes:
    """Waits for the worker; work that has not begun is cancelled when the client goes away or has waited too long."""

    async def disconnected() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    result = asyncio.wrap_future(worker.submit(work))
    leaving = asyncio.create_task(disconnected())
    either: set[asyncio.Future[Any]] = {result, leaving}
    try:
        await asyncio.wait(either, timeout=WORK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if result.done():
            return result.result()
        if leaving.done():
            raise RefusedError(499, GONE)
        raise RefusedError(
            504, f"The work took longer than {WORK_SECONDS:.0f} seconds. Try again with a smaller drawing."
        )
    finally:
        leaving.cancel()
        result.cancel()
