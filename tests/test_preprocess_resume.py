"""A resumed run gives what a fresh one would, whatever happened to the files in between."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import called, ran, refused
from skelfuse.datasets.preprocess import PreprocessOptions, find_sources
from skelfuse.datasets.preprocess import preprocess as read_all
from skelfuse.datasets.synth.dataset import write_dataset
from skelfuse.store import Store

pytestmark = pytest.mark.slow

CLIPS, DONE = 8, 5
INTERRUPTED = "interrupted"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    write_dataset(tmp_path / "raw", clips=CLIPS, classes=4, seed=3)
    return tmp_path / "raw"


def files_of(raw: Path) -> list[Path]:
    return sorted(raw.glob("*.skeleton"))


def interrupted(raw: Path, out: Path, done: int = DONE) -> None:
    """Leave what a run leaves that was interrupted after so many sources."""

    def stop(count: int, bad: int) -> None:
        if count == done:
            raise KeyboardInterrupt(INTERRUPTED)

    options = PreprocessOptions()
    with pytest.raises(KeyboardInterrupt, match=INTERRUPTED):
        read_all(find_sources([raw], options), out, options, jobs=1, progress=stop)
    assert not out.exists()


def assert_resumed_is_fresh(raw: Path, out: Path, code: int = 0) -> None:
    resumed = called("preprocess", raw, "--out", out, "--resume", "--report", f"{out}.json")
    fresh_out = out.with_name("fresh.h5")
    fresh = called("preprocess", raw, "--out", fresh_out, "--report", f"{fresh_out}.json")
    assert (resumed.exit_code, fresh.exit_code) == (code, code), resumed.output
    assert out.read_bytes() == fresh_out.read_bytes()
    told = [json.loads(Path(f"{one}.json").read_text()) for one in (out, fresh_out)]
    assert told[0]["sources"] == told[1]["sources"]
    assert told[0]["problems"] == told[1]["problems"]


def keeping_time(file: Path, content: bytes) -> None:
    facts = file.stat()
    file.write_bytes(content)
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def longer(raw: Path) -> None:
    first, *_, last = files_of(raw)
    first.write_bytes(last.read_bytes())


def longer_at_the_same_time(raw: Path) -> None:
    first, *_, last = files_of(raw)
    assert first.stat().st_size != last.stat().st_size
    keeping_time(first, last.read_bytes())


def as_long_a_moment_later(raw: Path) -> None:
    file = files_of(raw)[2]
    facts, text = file.stat(), file.read_bytes()
    at = text.index(b".") + 1
    file.write_bytes(text[:at] + (b"1" if text[at : at + 1] != b"1" else b"2") + text[at + 1 :])
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert file.stat().st_size == facts.st_size


@pytest.mark.parametrize("change", [longer, longer_at_the_same_time, as_long_a_moment_later])
def test_a_changed_file_is_read_again(
    raw: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    interrupted(raw, tmp_path / "s.h5")
    change(raw)
    assert_resumed_is_fresh(raw, tmp_path / "s.h5")


def test_a_file_that_was_only_touched_is_not_read_again(raw: Path, tmp_path: Path) -> None:
    interrupted(raw, tmp_path / "s.h5")
    os.utime(files_of(raw)[0])
    counts: list[int] = []
    options = PreprocessOptions()
    read_all(
        find_sources([raw], options),
        tmp_path / "s.h5",
        options,
        jobs=1,
        resume=True,
        progress=lambda count, bad: counts.append(count),
    )
    assert counts[0] == DONE


def test_a_repaired_file_is_read_again(raw: Path, tmp_path: Path) -> None:
    bad = files_of(raw)[1]
    whole = bad.read_bytes()
    keeping_time(bad, b"x" * len(whole))
    interrupted(raw, tmp_path / "s.h5")
    keeping_time(bad, whole)  # neither length nor time tells
    assert_resumed_is_fresh(raw, tmp_path / "s.h5")
    assert len(Store(tmp_path / "s.h5")) == CLIPS


def test_what_was_missing_beside_a_file_is_seen(raw: Path, tmp_path: Path) -> None:
    names = raw / "class_names.txt"
    whole = names.read_text()
    names.write_text(whole.splitlines()[0] + "\n")
    interrupted(raw, tmp_path / "s.h5")
    names.write_text(whole)
    assert_resumed_is_fresh(raw, tmp_path / "s.h5")


def test_a_bad_file_that_stays_bad_is_told_once(raw: Path, tmp_path: Path) -> None:
    files_of(raw)[1].write_bytes(b"nonsense")
    interrupted(raw, tmp_path / "s.h5")
    assert_resumed_is_fresh(raw, tmp_path / "s.h5", code=3)


def test_names_that_come_twice_resume_too(raw: Path, tmp_path: Path) -> None:
    (raw / "z").mkdir()
    first = files_of(raw)[0]
    for name in ("a", "b"):
        (raw / name).mkdir()
        (raw / name / first.name).write_bytes(first.read_bytes())
    interrupted(raw, tmp_path / "s.h5", done=4)
    assert_resumed_is_fresh(raw, tmp_path / "s.h5", code=3)


def test_another_folder_with_equal_names_is_refused(raw: Path, tmp_path: Path) -> None:
    interrupted(raw, tmp_path / "s.h5")
    other = raw.rename(tmp_path / "elsewhere")
    line = refused("preprocess", other, "--out", tmp_path / "s.h5", "--resume")
    assert "cannot resume: the input files are not those of the interrupted run" in line
    assert line.endswith("start afresh without --resume")
    ran("preprocess", other, "--out", tmp_path / "s.h5")


def test_a_file_less_is_refused(raw: Path, tmp_path: Path) -> None:
    interrupted(raw, tmp_path / "s.h5", done=CLIPS)
    files_of(raw)[-1].unlink()
    assert "found nothing" in refused("preprocess", raw, "--out", tmp_path / "s.h5", "--resume")


def test_other_class_names_are_refused(raw: Path, tmp_path: Path) -> None:
    out, names = tmp_path / "s.h5", tmp_path / "names.txt"
    names.write_text((raw / "class_names.txt").read_text())
    files_of(raw)[3].write_bytes(b"")
    options = ("--out", out, "--class-names", names, "--strict")
    refused("preprocess", raw, *options)
    names.write_text(names.read_text().upper())
    assert "cannot resume: 'sha256'" in refused("preprocess", raw, *options, "--resume")


def plan(partial: Path) -> None:
    (partial / "plan.json").write_text('{"provenance": ')


def plan_of_bytes(partial: Path) -> None:
    (partial / "plan.json").write_bytes(b"\xff\xfe\x00")


def plan_of_another_kind(partial: Path) -> None:
    (partial / "plan.json").write_text("[]")


def journal(partial: Path) -> None:
    text = (partial / "journal").read_bytes()
    (partial / "journal").write_bytes(b"\xff" + text[1:])


def journal_keys(partial: Path) -> None:
    text = (partial / "journal").read_bytes()
    (partial / "journal").write_bytes(text.replace(b'"frames"', b'"frumes"', 1))


def no_coordinates(partial: Path) -> None:
    (partial / "coords").unlink()


@pytest.mark.parametrize(
    "spoil", [plan, plan_of_bytes, plan_of_another_kind, journal, journal_keys, no_coordinates]
)
def test_a_damaged_rest_is_told(raw: Path, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    interrupted(raw, tmp_path / "s.h5")
    spoil(tmp_path / "s.h5.partial")
    line = refused("preprocess", raw, "--out", tmp_path / "s.h5", "--resume")
    assert line.startswith(f"Error: {tmp_path / 's.h5.partial'}")
    assert line.endswith("start afresh without --resume")
    ran("preprocess", raw, "--out", tmp_path / "s.h5")


@pytest.mark.parametrize(("name", "lost"), [("coords", "zeros"), ("confidence", "cut off")])
def test_what_a_power_cut_took_is_read_again(
    raw: Path, tmp_path: Path, name: str, lost: str
) -> None:
    interrupted(raw, tmp_path / "s.h5")
    file = tmp_path / "s.h5.partial" / name
    size = file.stat().st_size
    os.truncate(file, size // 2)
    if lost == "zeros":
        os.truncate(file, size)
    assert np.count_nonzero(np.frombuffer(file.read_bytes(), np.uint8))
    assert_resumed_is_fresh(raw, tmp_path / "s.h5")
