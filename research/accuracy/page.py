"""The page of results: every table from rows alone, so that it can be written anew at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from research.accuracy.robustness import robustness_section
from research.lab.cells import Cell
from research.lab.data_sets import REAL, SETS
from research.lab.rows import Row
from research.lab.tables import (
    Found,
    Seeds,
    asked_for,
    average,
    by_pair,
    by_seed,
    difference,
    made_by,
    markdown,
    signed,
    told,
)

MAIN = {
    "small": "**`small`**, the tuned configuration",
    "nano": "`nano`",
    "generic": "`generic`",
    "generic-bfloat16": "`generic` in bfloat16",
    "generic-no-fuse": "`generic` without FrierenFuse",
    "generic-fixed-kernels": "`generic`, kernels fixed",
    "pure": "`pure`",
    "pure-fixed-kernels": "`pure`, kernels fixed",
    "no-fuse": "`small` without FrierenFuse",
    "no-fuse-matched": "the same, as wide as those parameters allow",
    "nano-no-fuse": "`nano` without FrierenFuse",
    "fixed-kernels": "`small`, kernels fixed",
    "ddnet": "DD-Net, rerun",
    "stgcn": "ST-GCN, rerun",
    "stgcn-bfloat16": "ST-GCN, rerun in bfloat16",
}
# Method, figure, what it is of, where it is from. † is quoted at second hand.
PUBLISHED: dict[str, tuple[tuple[str, str, str], ...]] = {
    "utd-mhad": (
        ("Gimme Signals", "93.3 †", "its paper; an image network on signals"),
        ("Bayesian GC-LSTM", "92.3 †", "its paper"),
        ("JDM", "88.1 †", "its paper; joint distance maps"),
    ),
    "nw-ucla": (
        ("CTR-GCN, joints", "94.6", "its users' reports; one model, 464 clips"),
        ("CTR-GCN, four streams", "96.5", "its paper; four models together"),
        ("SkateFormer, ensemble", "98.3 †", "its paper; four models together"),
    ),
    "jhmdb": (
        (
            "DD-Net",
            "77.2",
            "its authors' notebook; 21 classes, other clips: not comparable",
        ),
        ("DD-Net", "82–83", "its authors' page; probably these 14 classes, which it leaves open"),
    ),
    "penn-action": (
        ("UNIK, pretrained", "97.9 †", "its paper; estimated poses"),
        ("UNIK, from scratch", "about 94 †", "its paper; estimated poses"),
    ),
    "sbu": (
        ("HCN", "98.6 †", "its paper"),
        ("VA-LSTM", "97.2 †", "its paper"),
        ("ST-LSTM", "93.3 †", "its paper"),
    ),
}
# What is compared, and the variants with it and without.
WORTH = {
    "`small`: FrierenFuse, on − off": ("small", "no-fuse"),
    "`small`: on − off with as many parameters": ("small", "no-fuse-matched"),
    "`nano`: FrierenFuse, on − off": ("nano", "nano-no-fuse"),
    "`small`: kernels, learned − fixed": ("small", "fixed-kernels"),
    "`generic`: FrierenFuse, on − off": ("generic", "generic-no-fuse"),
    "`generic`: kernels, learned − fixed": ("generic", "generic-fixed-kernels"),
    "`pure`: kernels, learned − fixed": ("pure", "pure-fixed-kernels"),
}
EARLIER = (
    " All of these were trained, with and without, before normalisations left out in training what "
    "is not there: here the joints that augmentation hides. The tables above are of models since."
)
SHARES = (5, 10, 25, 50)
Look = Callable[[str, str], Found]  # data set, variant


def page(
    cells: Sequence[Cell],
    rows: Sequence[Row],
    *,
    seeds: int,
    command: str,
    earlier: Sequence[Row] = (),
) -> str:
    """Return the whole page; rows that no cell asks for (of an older configuration) have no say.

    What parts of a model are worth is told of the rows `earlier`, where there are any: of models
    that were trained alike, with the part and without it.
    """
    look = _looking(by_pair(cells, rows))
    compared = _looking(by_pair(cells, earlier)) if earlier else look
    parts = [
        "# Results",
        made_by(asked_for(cells, rows), command),
        "Every figure is the accuracy of one model in percent, of its last epoch, on the test "
        f"part of the set's protocol: mean ± standard deviation (n − 1) over {seeds} seeds. A "
        "number in brackets says how many seeds there are where they are fewer, – that there is "
        "none; a model without a line was not trained on the set. The test part chose nothing. "
        "Where a set has several splits, a seed's figure is the mean over them. MACs are of one "
        "clip, minutes of one training. † marks published figures quoted at second hand.",
        "`generic` is `small` as the configuration `generic` trains it, which looks at the "
        "training clips of the store alone: `skelfuse train --config utd_mhad`, `nw_ucla`, "
        "`jhmdb`, `penn_action` or `sbu` is that with the protocol of the set. DD-Net and ST-GCN "
        "are trained with settings that were tuned for each set by hand (research/lab/tuned).",
        *(_of_set(name, look, seeds) for name in REAL),
        _worth(compared, EARLIER if earlier else ""),
        _paths(look, seeds),
        _section(
            "What else is compared",
            "",
            _pairs(
                look,
                {
                    "`nano` − `small`": ("nano", "small"),
                    "`generic` − tuned": ("generic", "small"),
                    "`generic`: bfloat16 − float32": ("generic-bfloat16", "generic"),
                    "`small` − DD-Net": ("small", "ddnet"),
                    "`small` − ST-GCN": ("small", "stgcn"),
                    "`small` − ST-GCN in bfloat16": ("small", "stgcn-bfloat16"),
                },
            ),
        ),
        _section(
            "Few subjects to learn from",
            "Trained on a part of the training subjects, drawn by seed; less than one subject, or "
            "a set that names none, is that share of each class's clips, at least one. For a share "
            "s there are 1/s times as many epochs, 8 times at most. The test part is whole.",
            _lean(look, seeds),
        ),
        robustness_section(cells, rows, seeds, MAIN),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _of_set(name: str, look: Look, seeds: int) -> str:
    data = SETS[name]
    head = ["model", "accuracy", "parameters", "MMACs", "minutes", "epochs"]
    lines = []
    for variant, title in MAIN.items():
        found = look(name, variant)
        if not found.rows:
            continue
        lengths = [row["epochs"] for row in found.rows]
        epochs = "–".join(dict.fromkeys(map(str, (min(lengths), max(lengths)))))
        accuracy = [told(found.accuracy, seeds)]
        if data.clean:
            accuracy.append(told(found.clean, seeds))
        lines.append([title, *accuracy, found.parameters, found.macs, found.minutes, epochs])
    if data.clean:
        head[1:2] = ["464 clips", "369 clips"]
    published = "; ".join(
        f"{method} {figure} ({source})" for method, figure, source in PUBLISHED.get(name, ())
    )
    splits = f"Mean of {len(data.protocols)} splits. " if len(data.protocols) > 1 else ""
    copies = (
        "95 of the 464 test clips are in the training part too, number for number; 369 are "
        "without them, from the same runs. "
        if data.clean
        else ""
    )
    return "\n\n".join(
        [f"## {data.title}", markdown(head, lines), f"{splits}{copies}Published: {published}."]
    )


def _section(title: str, words: str, table: str) -> str:
    """Return a section with its table, or nothing where there is no table."""
    return "\n\n".join(part for part in (f"## {title}", words, table) if part) if table else ""


def _looking(found: Mapping[tuple[str, str], Found]) -> Look:
    return lambda data, variant: found.get((data, variant), Found())


def _worth(look: Look, more: str) -> str:
    """Return what FrierenFuse and learned kernels are worth, to all of a model and its own path."""
    lines = []
    for title, (a, b) in WORTH.items():
        sets = [(look(name, a), look(name, b)) for name in REAL]
        lines += _gains(title, [(one.accuracy, other.accuracy) for one, other in sets])
        lines += _gains("… the own path alone", [(one.own, other.own) for one, other in sets])
    words = (
        "In points of accuracy: differences over the seeds that both have, with their number; the "
        "average is over the sets that have both. Fixed kernels stay as all kernels begin: "
        "differences and random taps. The own path alone is the same runs with a share of 0." + more
    )
    if any(look(name, "no-fuse-matched").rows for name in REAL):
        words += (
            " As many parameters: without FrierenFuse, and with the widest together path that has "
            "no more of them than `small`; where one more step of width is too much, it is the "
            "same model as without."
        )
    head = ["", *(SETS[name].title for name in REAL), "average"]
    table = markdown(head, lines) if lines else ""
    return _section("What FrierenFuse and learned kernels are worth", words, table)


def _gains(title: str, pairs: Sequence[tuple[Seeds, Seeds]]) -> list[list[str]]:
    """Return the line of these differences, a − b for each set; none where no set has both."""
    gains = [difference(a, b) for a, b in pairs]
    known = [gain for gain in gains if gain is not None]
    if not known:
        return []
    cells = [
        signed(gain) if gain is None else f"{signed(gain)} ({len(set(a) & set(b))})"
        for gain, (a, b) in zip(gains, pairs, strict=True)
    ]
    return [[title, *cells, signed(fmean(known))]]


def _pairs(look: Look, pairs: dict[str, tuple[str, str]]) -> str:
    """Return the differences of these variants; nothing of those of which none is known."""
    head = ["", *(SETS[name].title for name in REAL), "average"]
    lines = []
    for title, (a, b) in pairs.items():
        gains = [difference(look(name, a).accuracy, look(name, b).accuracy) for name in REAL]
        if any(gain is not None for gain in gains):
            lines.append([title, *map(signed, [*gains, average(gains)])])
    return markdown(head, lines) if lines else ""


def _paths(look: Look, seeds: int) -> str:
    """Return the accuracy of `generic` against the share of the together path."""
    lines = []
    for name in REAL:
        rows = [row for row in look(name, "generic").rows if "by_share" in row]
        if not rows:
            continue
        for kind, title in (("by_share", SETS[name].title), ("clean_by_share", "… 369 clips")):
            if all(kind in row for row in rows):
                shares = rows[0][kind]
                each = [by_seed(rows, kind, share) for share in shares]
                lines.append([title, *(told(one, seeds) for one in each)])
    if not lines:
        return ""
    return "\n\n".join(
        [
            "## The two paths",
            "The same runs of `generic` with every share of the together path in the decision. 0 "
            "is the own path alone, whose decisions are sums over joints; 0.75 is shipped.",
            markdown(["", "0", "0.25", "0.5", "0.75", "1"], lines),
        ]
    )


def _lean(look: Look, seeds: int) -> str:
    head = ["subjects", "FrierenFuse", *(SETS[name].title for name in REAL), "average"]
    lines = []
    for share in SHARES:
        on, off = f"small-{share}", f"no-fuse-{share}"
        if not any(look(name, variant).rows for name in REAL for variant in (on, off)):
            continue
        for title, variant in (("on", on), ("off", off)):
            cells = [told(look(name, variant).accuracy, seeds) for name in REAL]
            lines.append([f"{share} %", title, *cells, ""])
        gains = [difference(look(name, on).accuracy, look(name, off).accuracy) for name in REAL]
        lines.append(["", "on − off", *map(signed, [*gains, average(gains)])])
    return markdown(head, lines) if lines else ""
