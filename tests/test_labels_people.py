"""Whose interval it is: people whom a file names keep their names, however much they move."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.commands import ran
from helpers.recordings import read
from skelfuse.store import Store

FRAMES = 30
RESIDENT, INTRUDER = 100.0, 500.0  # where they are; the intruder, listed last, moves more


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return DeepLabCut's table of a resident and an intruder."""
    path = tmp_path_factory.mktemp("pair") / "trial1.csv"
    parts = [(who, part) for who in ("resident", "intruder") for part in ("nose", "tail")]
    heads = ["scorer" + ",rig" * 12]
    heads += ["individuals" + "".join(f",{who}" * 3 for who, _ in parts)]
    heads += ["bodyparts" + "".join(f",{part}" * 3 for _, part in parts)]
    heads += ["coords" + ",x,y,likelihood" * 4]
    rows = []
    for t in range(FRAMES):
        still, moving = RESIDENT + t % 2, INTRUDER + 30 * np.sin(t)
        cells = [f"{x:.2f},{x + 5:.2f},1" for x in (still, still + 9, moving, moving + 9)]
        rows.append(f"{t}," + ",".join(cells))
    path.write_text("\n".join([*heads, *rows]))
    return path


def where(clip: np.ndarray) -> float:
    """Return whose place a clip `[T,M,N,D]` of one person shows."""
    assert clip.shape[1] == 1
    return RESIDENT if np.nanmean(clip[..., 0]) < 300 else INTRUDER


def test_a_clip_knows_who_is_who(pair: Path) -> None:
    (clip,) = read("deeplabcut", pair)
    assert clip.people == ("intruder", "resident")  # the most active first
    (clip,) = read("deeplabcut", pair, max_persons=1)
    assert clip.people == ("intruder",)


def test_a_table_names_the_person(pair: Path, tmp_path: Path) -> None:
    lines = ["start_frame,end_frame,label,person", "0,9,sniff,resident", "10,19,flee,intruder"]
    (tmp_path / "trial1.csv").write_text("\n".join([*lines, "20,29,rest,nobody", "20,29,both,"]))
    said = ran("preprocess", pair, "--labels", tmp_path, "--out", tmp_path / "s.h5").output
    assert "1 interval outside the recording, or of a person who is not in it" in said
    clips = {clip.label: clip.coords for clip in Store(tmp_path / "s.h5")}
    assert (where(clips["sniff"]), where(clips["flee"])) == (RESIDENT, INTRUDER)
    assert clips["both"].shape[1] == 2


def test_the_subject_of_boris_is_the_animal_of_that_name(pair: Path, tmp_path: Path) -> None:
    head = "Observation id\tMedia file name\tSubject\tBehavior\tStart (s)\tStop (s)\n"
    rows = [("resident", "attack"), ("intruder", "flee"), ("No focal subject", "light")]
    lines = [f"one\ttrial1.mp4\t{who}\t{what}\t0\t1\n" for who, what in rows]
    (tmp_path / "boris.tsv").write_text(head + "".join(lines))
    out = tmp_path / "s.h5"
    ran("preprocess", pair, "--labels", tmp_path / "boris.tsv", "--fps", 30, "--out", out)
    clips = {clip.label: clip for clip in Store(out)}
    assert where(clips["attack"].coords) == RESIDENT
    assert where(clips["flee"].coords) == INTRUDER
    assert clips["light"].coords.shape[1] == 2
    assert clips["attack"].subject == "resident"


@pytest.mark.parametrize("column", ["FPS", "FPS (frame/s)"])
def test_boris_knows_the_rate_of_the_video(column: str, pair: Path, tmp_path: Path) -> None:
    head = f"Observation id\tMedia file name\t{column}\tSubject\tBehavior\tStart (s)\tStop (s)\n"
    line = "one\ttrial1.mp4\t20.00\tNo focal subject\tattack\t0.5\t1\n"
    (tmp_path / "boris.tsv").write_text(head + line)
    given = ("preprocess", pair, "--labels", tmp_path / "boris.tsv", "--out", tmp_path / "s.h5")
    said = ran(*given).output
    (clip,) = Store(tmp_path / "s.h5")
    assert (clip.name, clip.fps) == ("trial1@10-19", 20)
    assert "its frame rate is that of the table of labels" in said
    said = ran(*given, "--fps", 30).output
    (clip,) = Store(tmp_path / "s.h5")
    assert (clip.name, clip.fps) == ("trial1@15-29", 30)
    assert "the table of labels says 20 frames a second, not 30" in said
