"""What a table of labels has come to, in a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skelfuse.datasets.labels.labelling import Labelling
from skelfuse.datasets.labels.matching import ENDING
from skelfuse.telling.counted import counted

NAMED = 3
MEANINGS = {
    "rest": "of what no row covers",
    "overlapping": "sharing frames with an earlier one",
    "shortened": "going beyond the recording, cut there: is the frame rate right?",
    "outside": "outside the recording, or of a person who is not in it, left out",
    "unseen": "in which nobody is seen, left out",
}


def label_lines(labelling: Labelling, sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is to be told of labels when all sources have been read, at most six lines.

    `sources` are the facts of every source; what became of its labels is under `labels`.

    >>> facts = {"intervals": 3, "named": ["a"], "without": ["b"], "unmatched": {}}
    >>> label_lines(Labelling(), [{"labels": facts}])
    ['labels: 3 intervals']
    """
    told = [facts["labels"] for facts in sources if "labels" in facts]
    counts = {what: sum(facts.get(what, 0) for facts in told) for what in ("intervals", *MEANINGS)}
    table = labelling.table
    lines = []
    found = [counted(counts["intervals"], "interval")] if counts["intervals"] else []
    used = {name for facts in told for name in facts["named"]}
    if table is not None:
        found.insert(0, f"{table.kind}, {counted(len(table.rows), 'row')}")
        found.append(f"{len(used):,} of its {counted(len(table.of_files), 'recording')} found")
    if found:
        lines.append(f"labels: {'; '.join(found)}")
    if table is not None:
        lines += _unused(table.of_files, used)
        without = [name for facts in told for name in facts["without"]]
        lines += _written_otherwise([name for name in table.of_files if name not in used], without)
        becomes = "left out" if table.has_intervals else "without its label"
        if without:
            lines.append(
                f"  {counted(len(without), 'clip')} without a row, {becomes}: {_some(without)}"
            )
    for what, meaning in MEANINGS.items():
        if counts[what]:
            lines.append(f"  {counted(counts[what], 'interval')} {meaning}")
    unmatched: dict[str, list[str]] = {}
    for facts in told:
        for what, clips in facts["unmatched"].items():
            unmatched.setdefault(what, []).extend(clips)
    lines += [
        f"  no {what} by --{what}-from: {counted(len(clips), 'clip')}: {_some(clips)}"
        for what, clips in unmatched.items()
    ]
    return lines


def _unused(of_files: Mapping[str, Sequence[Any]], used: set[str]) -> list[str]:
    missing = [name for name in of_files if name not in used]
    if not missing:
        return []
    rows = sum(len(of_files[name]) for name in missing)
    is_are = "is" if len(missing) == 1 else "are"
    return [
        f"  {counted(len(missing), 'recording')} of the table {is_are} not there "
        f"({counted(rows, 'row')}): {_some(missing)}"
    ]


def _written_otherwise(named: Sequence[str], clips: Sequence[str]) -> list[str]:
    """Return a line on names in the table that would be a clip's but for small and large letters.

    >>> _written_otherwise(["VID0.mp4", "vid9.mp4"], ["vid0", "vid1"])
    ["  'VID0.mp4' of the table is not 'vid0', as letters differ: write both alike"]
    """
    plain = {clip.casefold(): clip for clip in clips}
    found = [(name, plain.get(ENDING.sub("", name).casefold())) for name in named]
    return [
        f"  '{name}' of the table is not '{clip}', as letters differ: write both alike"
        for name, clip in found
        if clip is not None
    ][:NAMED]


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")
