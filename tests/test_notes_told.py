"""What preprocess decides on the way is summed on the terminal, and kept for info."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from helpers.commands import called, ran
from skelfuse.store import Store
from skelfuse.telling.note_lines import note_lines, tally


def test_kinds_of_notes_are_counted_whatever_their_numbers() -> None:
    notes = [["2 of 4 persons left out"], ["3 of 4 persons left out", "a"], [], ["a"], ["a"]]
    assert tally(notes) == {"a": 3, "2-3 of 4 persons left out": 2}
    assert tally([["layout 'coco-17' taken for its 17 joints"]]) == {
        "layout 'coco-17' taken for its 17 joints": 1
    }
    assert tally([["9 frames"], ["1,200 frames"], ["10 frames"]]) == {"9-1,200 frames": 3}


def test_never_more_than_five_lines() -> None:
    five = {f"note {word}": 1 for word in "abcde"}
    assert len(note_lines(five, "")) == 5
    lines = note_lines({**five, "note f": 1, "note g": 1}, "the report has them")
    assert len(lines) == 5
    assert lines[-1] == "and 3 more kinds of notes; the report has them"


def test_a_table_s_columns_and_a_guessed_layout_are_told(tmp_path: Path) -> None:
    coords = np.linspace(0, 9, 5 * 17 * 2).reshape(5, 17, 2)
    for name in ("one", "two"):
        np.save(tmp_path / f"{name}.npy", coords)
    (tmp_path / "clips.csv").write_text("file,action,start\none.npy,wave,1\ntwo.npy,sit,3\n")
    out = tmp_path / "s.h5"
    done = ran("preprocess", tmp_path, "--out", out)
    told = [
        "2 clips: column 'action' not used; did you mean 'label'?",
        "2 clips: column 'start' not used: each clip is taken whole",
        "2 clips: layout 'coco-17' taken for its 17 joints",
    ]
    assert done.stderr.splitlines() == [f"note: {line}" for line in told]
    assert all(line in called("info", out).output for line in told)
    assert json.loads(called("info", out, "--json").output)["notes"] == tally(Store(out).notes)
