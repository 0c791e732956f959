"""What speed.py measured, as Markdown tables: medians, the range in brackets, ratios of each turn's own."""

from __future__ import annotations

import statistics
from typing import Any

OURS, REAL, ORIGINAL = "ours, batch in memory", "ours, reading and drawing", "the original's way, reading and drawing"


def spread(values: list[float], digits: int = 2) -> str:
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}, {max(values):.{digits}f}]"


def table(head: list[str], rows: list[list[str]]) -> None:
    print("| " + " | ".join(head) + " |\n" + "| --- " * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def ratios(above: list[float], below: list[float]) -> str:
    return spread([a / b for a, b in zip(above, below, strict=True)])


def training(results: dict[str, Any], size: int) -> None:
    found = results["training"][str(size)]
    played, gflop = found["contenders"], found["gflop"]
    rate = {title: [turn["images"] / turn["seconds"] for turn in turns] for title, turns in played.items()}
    product = [turn["gflop"] / turn["seconds"] for turn in found["products"][f"matrix product, {found['precision']}"]]
    rows = []
    for title, own in rate.items():
        turns, base = played[title], rate.get(REAL if title == ORIGINAL else OURS)
        share = [100 * gflop * one / other for one, other in zip(own, product, strict=True)]
        rows.append(
            [
                title,
                spread(own, 1),
                "-" if base in (own, None) else ratios(base, own),
                f"{spread(share, 0)} %",
                spread([turn["cpu"] / turn["images"] for turn in turns], 3),
                f"{turns[-1]['peak']:.2f} GB",
                f"{turns[0]['loss']:.4f}",
            ]
        )
    print(
        f"**Training at {size} x {size}**, batch 16, {gflop:.1f} GFLOP of convolutions an image; a matrix product "
        f"reaches {spread(product, 0)} GFLOP/s in {found['precision']}; contenders computed at most "
        f"{100 * found['idle']:.0f} % of a core out of turn\n"
    )
    table(
        ["", "images/s", "ours is faster by", "of the matrix rate", "CPU s an image", "peak memory", "first loss"], rows
    )


def pipeline(results: dict[str, Any]) -> None:
    found, rows, one = results["pipeline"], [], {}
    size, cores = found["size"], results["machine"]["cores"]
    for cell in found["cells"]:
        rates = [turn["images"] / turn["seconds"] for turn in cell["turns"]]
        a_core = spread([turn["images"] / turn["cpu"] for turn in cell["turns"]], 0)
        if "part" in cell:
            rows.append([cell["part"], "1", f"{1e3 / statistics.median(rates):.2f} ms an image", a_core, ""])
            continue
        one.setdefault(cell["kind"], rates)
        name = "all, as photographs are" if cell["kind"] == "none" else "all, with the augmentation of pairs"
        rows.append([name, str(cell["threads"]), spread(rates, 0), a_core, ratios(rates, one[cell["kind"]])])
    print(f"**The pipeline alone**, {size} x {size}, random styles, {cores} cores\n")
    table(["", "threads", "images/s", "images a CPU second", "against one thread"], rows)
    most = max(
        statistics.median([turn["images"] / turn["seconds"] for turn in cell["turns"]])
        for cell in found["cells"]
        if cell.get("kind") == "none"
    )
    print(
        f"A device that trains more than {most:.0f} images/s at {size} x {size} would wait for one process on these "
        f"{cores} cores.\n",
        flush=True,
    )


def inversion(results: dict[str, Any]) -> None:
    cells, differences = results["inversion"]["cells"], results["inversion"]["differences"]
    titles = list(dict.fromkeys(title for own in cells.values() for title in own))
    ours = next((title for title in ("ours, onnx", "ours, keras") if title in titles), "")
    one = {
        cell: {title: [turn["seconds"] / turn["images"] for turn in turns] for title, turns in own.items()}
        for cell, own in cells.items()
    }
    rows = []
    for title in titles:
        row = [title]
        for cell, own in one.items():
            times = own.get(title)
            row.append(
                ""
                if not times
                else spread([1e3 * time for time in times], 1)
                if cell.endswith("x1")
                else spread([1 / time for time in times], 0)
            )
        for cell in ("128x1", "512x1"):
            both = title != ours and one[cell].get(title) and one[cell].get(ours)
            row.append(ratios(one[cell][title], one[cell][ours]) if both else "-")
        worst = max((own.get(title, 0.0) for own in differences.values()), default=float("nan"))
        peaks = [own[title][-1]["peak"] for own in cells.values() if own.get(title)]
        rows.append([*row, f"{255 * worst:.2f}", f"{max(peaks):.2f} GB"])
    print(
        "**Inversion, warm**: milliseconds for one drawing, images/s in batches; the largest difference to Keras in "
        "steps of 1/255; the most memory after all of them\n"
    )
    head = [
        f"{side} px, ms" if count == "1" else f"{side} px, batch {count}, images/s"
        for side, count in (cell.split("x") for cell in cells)
    ]
    table(["", *head, f"times {ours}, 128", f"times {ours}, 512", "difference", "peak memory"], rows)


def cold(results: dict[str, Any]) -> None:
    rows = []
    for title, own in results["cold"].items():
        times = [spread([turn["seconds"] for turn in turns]) for turns in own.values()]
        peak = max(turn["peak"] for turns in own.values() for turn in turns)
        rows.append([title, *times, f"{peak:.2f} GB"])
    print("**Inversion, cold**: seconds from the command to the photograph's file, a new process each\n")
    table(["", "128 px", "512 px", "peak memory"], rows)


def growth(results: dict[str, Any]) -> None:
    found = results["growth"]
    for head, key, unit in (("our training step, batch 4", "pixels", "px"), ("our training step, 96 px", "batch", "")):
        if found[key]:
            table(
                [head, *(f"{count} {unit}".strip() for count in found[key])],
                [
                    ["images/s", *(f"{one['images_per_second']:.1f}" for one in found[key].values())],
                    ["GB so far", *(f"{one['peak']:.2f}" for one in found[key].values())],
                ],
            )
    seconds = [statistics.median(turn["seconds"] for turn in own) for own in found["images"].values()]
    table(
        ["`invert` on a folder of drawings, 128 px", *map(str, found["images"])],
        [["seconds, cold", *(f"{one:.2f}" for one in seconds)]],
    )
