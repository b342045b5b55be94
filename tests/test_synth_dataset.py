"""What the data set promises: all subjects and cameras, the same bytes, no file lost."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from skelfuse.cli.synth import synth
from skelfuse.datasets.synth.actions import ACTIONS
from skelfuse.datasets.synth.dataset import plan_clips, write_dataset
from skelfuse.datasets.synth.performance import ClipPlan
from skelfuse.datasets.synth.sensor import CAMERA_YAWS, SETUPS, render
from skelfuse.datasets.synth.skeleton_file import skeleton_text
from skelfuse.datasets.synth.subjects import SUBJECTS
from skelfuse.errors import SkelfuseError


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_everything_is_there_evenly() -> None:
    plans = plan_clips(clips=2400)
    assert len({plan.name for plan in plans}) == 2400
    assert {plan.camera for plan in plans} == {1, 2, 3}
    assert len(CAMERA_YAWS) == 3
    assert {plan.subject for plan in plans} == set(range(1, SUBJECTS + 1))
    assert {plan.setup for plan in plans} == set(range(1, len(SETUPS) + 1))
    assert {plan.replication for plan in plans} == {1, 2}
    for axis in ("action", "camera", "subject", "setup", "replication"):
        counts = Counter(getattr(plan, axis) for plan in plans)
        assert max(counts.values()) < 1.3 * min(counts.values()), axis


@pytest.mark.parametrize(
    ("clips", "classes"), [(1, 2), (300, 2), (600, 20), (2000, 16), (20000, 3)]
)
def test_names_are_unique_and_classes_even(clips: int, classes: int) -> None:
    plans = plan_clips(clips, classes)
    assert len({plan.name for plan in plans}) == len(plans) == clips
    assert all(re.fullmatch(r"S\d{3}C\d{3}P\d{3}R\d{3}A\d{3}", plan.name) for plan in plans)
    counts = Counter(plan.number for plan in plans)
    assert set(counts) <= set(range(1, classes + 1))
    assert max(counts.values()) - min(counts.values()) <= 3


def test_a_class_is_seen_in_both_halves_of_any_protocol() -> None:
    halves: dict[str, Callable[[ClipPlan], bool]] = {
        "subject": lambda plan: plan.subject % 2 == 0,
        "setup": lambda plan: plan.setup % 2 == 0,
        "camera": lambda plan: plan.camera == 1,
        "replication": lambda plan: plan.replication % 2 == 0,
    }
    plans = plan_clips(clips=1200)
    for name, half in halves.items():
        sides = Counter((plan.action, half(plan)) for plan in plans)
        assert len(sides) == 2 * len(ACTIONS), name


@pytest.mark.long
@pytest.mark.slow
def test_the_bytes_depend_on_the_seed_alone(tmp_path: Path) -> None:
    for name, jobs, seed in (("one", 1, 3), ("two", 2, 3), ("other", 1, 4)):
        write_dataset(tmp_path / name, clips=20, seed=seed, jobs=jobs)
    one, two, other = (contents(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    clips = [name for name in one if name.endswith(".skeleton")]
    assert len(clips) == 20
    assert all(one[name] != other[name] for name in clips)


def test_a_clip_depends_on_no_other(tmp_path: Path) -> None:
    few = write_dataset(tmp_path / "few", clips=5, classes=10)
    many = write_dataset(tmp_path / "many", clips=12, classes=10)
    assert [a.read_bytes() for a in few] == [b.read_bytes() for b in many[:5]]


@pytest.mark.slow
def test_the_bytes_are_the_same_on_every_machine() -> None:
    # A change of the motions or faults changes this sum on purpose: then raise _GENERATION in
    # skelfuse/datasets/synth/dataset.py, and write the new sum here.
    everything = hashlib.sha256()
    for plan in plan_clips(clips=3 * len(ACTIONS))[::3]:
        everything.update(skeleton_text(render(plan)).encode("ascii"))
    assert (
        everything.hexdigest() == "e08f5aaba9ce70cc899e958dbc2a61638da57316e537a3dbc59db578c76c5978"
    )


def test_class_names_are_written(tmp_path: Path) -> None:
    write_dataset(tmp_path / "out", clips=2, classes=16)
    lines = (tmp_path / "out" / "class_names.txt").read_text().splitlines()
    assert lines[0] == "A001 wave"
    assert len(lines) == 16
    assert lines == [f"A{n:03d} {action.name}" for n, action in enumerate(ACTIONS[:16], 1)]


def test_other_files_are_never_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(SkelfuseError, match=r"holds other files.*thesis\.txt.*another folder"):
        write_dataset(tmp_path, clips=2)
    assert contents(tmp_path) == {"thesis.txt": b"mine"}


def test_real_recordings_are_never_overwritten(tmp_path: Path) -> None:
    name = f"{plan_clips(clips=1)[0].name}.skeleton"
    (tmp_path / name).write_text("real")
    with pytest.raises(SkelfuseError, match="holds other files"):
        write_dataset(tmp_path, clips=2)
    assert contents(tmp_path) == {name: b"real"}


def test_another_data_set_is_never_overwritten(tmp_path: Path) -> None:
    write_dataset(tmp_path, clips=3, seed=1)
    before = contents(tmp_path)
    with pytest.raises(SkelfuseError, match=r"another data set.*--seed 2.*--seed 1"):
        write_dataset(tmp_path, clips=3, seed=2)
    assert contents(tmp_path) == before


def test_an_unfinished_run_is_finished(tmp_path: Path) -> None:
    paths = write_dataset(tmp_path, clips=6)
    whole = contents(tmp_path)
    paths[2].unlink()
    paths[4].rename(paths[4].with_name(f".{paths[4].name}.0123456789abcdef.new"))
    counts: list[int] = []
    write_dataset(tmp_path, clips=6, progress=counts.append)
    assert contents(tmp_path) == whole
    assert counts == [4, 5, 6]


def test_a_file_in_the_folders_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(SkelfuseError, match="cannot write there"):
        write_dataset(tmp_path / "out", clips=2)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"clips": 0}, "number of clips"),
        ({"classes": 1}, "number of classes"),
        ({"classes": 1000}, "number of classes"),
        ({"seed": -1}, "seed"),
        ({"noise": -0.5}, "noise"),
        ({"noise": float("nan")}, "noise"),
        ({"jobs": 0}, "jobs"),
    ],
)
def test_absurd_wishes_are_refused(tmp_path: Path, given: dict[str, float], told: str) -> None:
    wishes: dict[str, float] = {"clips": 4, **given}
    with pytest.raises(SkelfuseError, match=told):
        write_dataset(tmp_path / "out", **wishes)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_the_command(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--clips", "4", "--classes", "3", "--seed", "5", "--noise", "0", "--jobs", "1"]
    result = CliRunner().invoke(synth, [str(out), *options])
    assert result.exit_code == 0, result.output
    assert "4 clips" in result.output
    write_dataset(tmp_path / "same", clips=4, classes=3, seed=5, noise=0)
    assert contents(out) == contents(tmp_path / "same")
