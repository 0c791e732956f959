"""The documented parameters of a photograph, with their limits."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from sketchback.inference import regions, telling
from sketchback.inference.options import MAX_CANDIDATES, SCALES, Options
from sketchback.web.asking import Asked
from sketchback.web.errors import RefusedError

MAX_SEED = 2**32 - 1
STEP = 0.05  # of fidelity: each is a network of its own, which is made when it is first asked for


def _colour(part: str) -> Any:
    words = ", ".join(telling.WORDS.get(part, ()))
    where = "face" if part in regions.FACE else "building"
    words = f"{words}, " if words else ""
    return Query(description=f"The {part}'s colour, of a {where}: {words}a name of CSS, or `#6b4423`.", max_length=40)


def _change(what: str) -> Any:
    return Query(description=f"{what}; it changes what no colour tells.", ge=-1, le=1)


async def read(
    clean: Annotated[bool, Query(description="Clean a photograph or scan of paper first.")] = False,
    compare: Annotated[bool, Query(description="The drawing beside the photograph.")] = False,
    skin: Annotated[str | None, _colour("skin")] = None,
    hair: Annotated[str | None, _colour("hair")] = None,
    background: Annotated[str | None, _colour("background")] = None,
    sky: Annotated[str | None, _colour("sky")] = None,
    wall: Annotated[str | None, _colour("wall")] = None,
    ground: Annotated[str | None, _colour("ground")] = None,
    lighter: Annotated[float | None, _change("From -1, darker, to 1, lighter")] = None,
    warmer: Annotated[float | None, _change("From -1, colder, to 1, warmer")] = None,
    colourful: Annotated[float | None, _change("From -1, grey, to 1, twice as much colour")] = None,
    candidate: Annotated[
        int | None,
        Query(
            description="The number of one of many photographs that would fit; 0 is the calmest. Without it, the one "
            "answer of the weights.",
            ge=0,
            lt=MAX_CANDIDATES,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        Query(
            description="Of the candidate: the same seed and number, the same tones; 0 by default.", ge=0, le=MAX_SEED
        ),
    ] = None,
    fidelity: Annotated[
        float | None,
        Query(description=f"From 1, faithful, to 0, most like a photograph; in steps of {STEP}.", ge=0, le=1),
    ] = None,
    scale: Annotated[
        int | None,
        Query(description="Times the size of the drawing: 1, 2 or 4.", json_schema_extra={"enum": [*SCALES, None]}),
    ] = None,
    fast: Annotated[
        bool, Query(description="In half the time, where the CPU computes in bfloat16; a little less exact.")
    ] = False,
) -> Asked:
    """Reads the parameters of a photograph.

    Raises:
        RefusedError: One of them is wrong.
    """
    parts = {"skin": skin, "hair": hair, "background": background, "sky": sky, "wall": wall, "ground": ground}
    changes = {"lighter": lighter, "warmer": warmer, "colourful": colourful}
    if seed is not None and candidate is None:
        raise RefusedError(400, f"`seed` is for `candidate`. Received: seed={seed} alone. Leave it out, or give both.")
    try:
        options = Options(
            clean=clean,
            compare=compare,
            tone={name: said for name, said in (parts | changes).items() if said is not None},
            candidates=None if candidate is None else 1,
            first=candidate or 0,
            seed=seed or 0,
            scale=scale,
            runtime="fast" if fast else None,
        )
    except ValueError as error:
        raise RefusedError(400, str(error)) from None
    return Asked(options, None if fidelity is None else round(round(fidelity / STEP) * STEP, 2))
