"""What a client may ask of weights, and which weights can do what."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sketchback import weights
from sketchback.inference import fast, regions, runtime, telling
from sketchback.inference import fidelity as fidelities
from sketchback.inference.options import ENLARGER, SCALES, Options


def capabilities(path: Path, facts: Mapping[str, object]) -> dict[str, object]:
    """Which of the parameters some weights take.

    Args:
        path: Their file.
        facts: What it says about itself, see `weights.describe`.

    Returns:
        `tone`, `candidates`, `fidelity` and `fast`, booleans; `scales`, a list; `parts`, for each part of the picture
        that may have a colour the words for colours, with what they mean, `"#rrggbb"`.
    """
    takes_tone = weights.takes_tone(facts)
    shown = weights.shows(path.name.removesuffix(weights.SUFFIX), facts.get("recipe"))
    parts = {"building": regions.BUILDING, "face": regions.FACE}.get(shown, regions.PARTS)
    return {
        "tone": takes_tone,
        "candidates": takes_tone and weights.installed(weights.sampler_of(facts)) is not None,
        "fidelity": fidelities.faithful_end(path).is_file(),
        "fast": runtime.check(None) == "auto" and fast.can_run(),
        "scales": list(SCALES) if weights.installed(ENLARGER) else [1],
        "parts": {part: telling.WORDS.get(part, {}) for part in parts} if takes_tone else {},
    }


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is asked of a photograph beside the drawing.

    Attributes:
        options: For `pipeline.run`.
        fidelity: See `fidelity.ends`.
    """

    options: Options = dataclasses.field(default_factory=Options)
    fidelity: float | None = None

    def tell(self, **files: Any) -> Asked:
        """The same, with `strokes` or a `reference` too, see `Options`."""
        tone = {**self.options.tone, **files}
        return dataclasses.replace(self, options=dataclasses.replace(self.options, tone=tone))

    def check(self, name: str, can: Mapping[str, Any]) -> None:
        """Raises `ValueError` where some weights cannot do what is asked.

        Args:
            name: Of the weights.
            can: From `capabilities`.
        """
        options = self.options
        if options.runtime == "fast" and not can["fast"]:
            raise ValueError(
                "`fast` needs a server with OpenVINO, whose CPU computes in bfloat16. Received: fast, and this one. "
                "Leave it out."
            )
        asked: list[tuple[str, object, bool, str]] = [
            (told, "", can["tone"], "take a sketch alone, and no tone") for told in options.tone
        ]
        if can["tone"]:
            asked += [(told, "", told in can["parts"], "show none") for told in options.tone if told in regions.PARTS]
        if options.candidates is not None:
            asked.append(("candidate", options.first, can["candidates"], "have no tone sampler"))
        if self.fidelity is not None:
            asked.append(("fidelity", self.fidelity, can["fidelity"], "have one end of a training only"))
        if options.scale is not None:
            asked.append(("scale", options.scale, options.scale in can["scales"], "have no enlarger"))
        for option, value, is_able, why in asked:
            if not is_able:
                received = f"{option}={value}" if value != "" else option
                raise ValueError(
                    f"`{option}` needs weights that can do it. Received: {received} for {name!r}, which {why}. "
                    "Leave it out, or take weights of which /api/weights says that they can."
                )
