"""`skelfuse predict -`: frames in on standard input, lines out at once."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import skelfuse
from helpers import stick_figure
from helpers.commands import called, ran
from helpers.stick_figure import JOINTS, acted, clip_of

pytestmark = pytest.mark.training

Array = npt.NDArray[Any]


def live_lines(coords: Array, **more: Any) -> Iterator[str]:
    for joints in coords:
        seen = [None if np.isnan(one).any() else one.tolist() for one in joints]
        yield json.dumps({"joints": seen, **more})


def test_a_live_stream_is_the_timeline_of_what_it_was(run: Path) -> None:
    glued = np.concatenate([acted("wave", 100, seed=7), acted("nod", 85, seed=8)])
    glued[20:25, 3] = np.nan
    heading = json.dumps({"joint_names": JOINTS[::-1], "fps": 30})
    stdin = "\n".join([heading, *live_lines(glued[:, ::-1])])
    result = ran(*("predict", run, "-", "--window", "1s", "--stride", "0.5s"), stdin=stdin)
    told = [json.loads(line) for line in result.stdout.splitlines()]
    whole = skelfuse.load(run).timeline(clip_of(glued), window="1s", stride="0.5s")
    assert [one["frames"] for one in told] == [[one.first, one.after] for one in whole]
    assert [one["class"] for one in told] == [one.best for one in whole]
    for one, window in zip(told, whole, strict=True):
        assert window.prediction is not None
        assert one["probability"] == pytest.approx(window.prediction.probability, abs=1e-5)
        assert (one["start"], one["end"]) == pytest.approx((window.begins, window.ends), abs=1e-6)


def test_a_live_line_tells_what_each_limb_is_worth(run: Path) -> None:
    coords = np.concatenate([acted("wave", 60, seed=7), acted("nod", 60, seed=8)])
    gone = np.full((30, *coords.shape[1:]), np.nan)
    stdin = "\n".join(live_lines(np.concatenate([coords, gone, coords[:30]])))
    common = ("predict", run, "-", "--window", "30f", "--stride", "30f", "--explain")
    told = [json.loads(line) for line in called(*common, stdin=stdin).stdout.splitlines()]
    assert [one["class"] for one in told] == ["wave", "wave", "nod", "nod", None, "wave"]
    assert (told[4]["note"], told[4]["top"]) == ("nobody is seen", [])
    assert "limbs" not in told[4]
    recogniser = skelfuse.load(run)
    for one, first in ((told[0], 0), (told[2], 60)):
        clip = clip_of(coords[first : first + 30])
        found = recogniser.explain(clip, players="limbs")  # all sets of them: exact
        assert one["limbs"] == pytest.approx(found.limbs, abs=1e-4)
        assert list(one["limbs"].values()) == sorted(one["limbs"].values(), reverse=True)
        assert sum(one["limbs"].values()) == pytest.approx(found.total, abs=1e-4)
    rows = list(csv.DictReader(io.StringIO(called(*common, "--format", "csv", stdin=stdin).stdout)))
    assert [row["note"] for row in rows] == ["", "", "", "", "nobody is seen", ""]
    assert "file" not in rows[0]
    for row, one in zip(rows, told, strict=True):
        limbs = {name: one.get("limbs", {}).get(name) for name in told[0]["limbs"]}
        own = {name: row[f"limb_{name.replace(' ', '_')}"] for name in limbs}
        assert own == {name: "" if v is None else str(v) for name, v in limbs.items()}
    lines = called(*common, "--format", "table", stdin=stdin).stdout.splitlines()
    best, share = next(iter(told[0]["limbs"].items()))
    assert f"{best} {share:+.2f}" in lines[0]
    assert lines[4].endswith("nobody is seen")
    assert len(lines) == len(told)


def test_a_frame_of_no_persons_is_one_without_anybody(run: Path) -> None:
    lines = [*live_lines(acted("wave", 30, seed=7)), *['{"persons": []}'] * 30]
    common = ("predict", run, "-", "--window", "30f", "--stride", "30f")
    result = called(*common, stdin="\n".join(lines))
    assert (result.exit_code, result.stderr) == (0, "")
    told = [json.loads(line)["class"] for line in result.stdout.splitlines()]
    assert told == ["wave", None]


def test_windows_of_a_file_tell_it_too(run: Path, tmp_path: Path) -> None:
    file = stick_figure.write_npz(tmp_path / "a.npz", [acted("wave", 60, seed=7)], ["wave"])
    common = ("predict", run, file, "--explain")
    whole = json.loads(called(*common, "--format", "jsonl").stdout)
    text = called(*common).stdout
    assert re.search(r"\n  limbs .*[a-z] [+-]\d+\.\d\d", text)
    first = next(iter(whole["limbs"]))
    windows = called(*common, "--window", "30f", "--stride", "30f").stdout.splitlines()
    assert len(windows) == 3  # the clip's name, and each window by itself
    assert first in windows[1]


def test_the_joints_of_a_live_stream_are_in_the_order_of_the_skeleton_given(
    run: Path, tmp_path: Path
) -> None:
    layout = tmp_path / "mine.yaml"
    layout.write_text(json.dumps(stick_figure.STICK.permuted((4, 3, 2, 1, 0)).to_dict()))
    coords = acted("wave", 60, seed=7)
    common = ("predict", run, "-", "--window", "60f")
    turned = "\n".join(live_lines(coords[:, ::-1]))
    expected = called(*common, stdin="\n".join(live_lines(coords))).stdout
    assert json.loads(expected)["class"] == "wave"
    assert called(*common, "--skeleton", layout, stdin=turned).stdout == expected
    assert called(*common, stdin=turned).stdout != expected
    named = json.dumps({"joint_names": JOINTS})  # the stream itself knows best
    again = "\n".join([named, *live_lines(coords)])
    assert called(*common, "--skeleton", layout, stdin=again).stdout == expected
    other = called(*common, "--skeleton", "coco-17", stdin=turned)
    assert (other.exit_code, other.stdout) == (1, "")
    assert "names are not those of the run's skeleton" in other.stderr


def test_what_is_odd_in_a_live_stream_is_told_as_for_files(run: Path) -> None:
    coords = acted("wave", 90, seed=7)
    coords[40:43, 2] = 5000
    lines = [json.dumps({"joint_names": JOINTS, "fps": 30}), *live_lines(coords)]
    lines.insert(5, json.dumps({"joi\x1b[2Jnts": []}, ensure_ascii=False))
    result = called("predict", run, "-", "--window", "30f", stdin="\n".join(lines))
    assert result.exit_code == 3
    notes = [line for line in result.stderr.splitlines() if line.startswith("note: ")]
    assert f"note: line 43: 1 joint is far from the body, '{JOINTS[2]}' by" in notes[0]
    assert 1 <= len(notes) <= 3  # not for every frame
    assert "line 6: " in result.stderr
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    "option", [("--input-format", "npz"), ("--class-names", "a.txt"), ("--jobs", "2")]
)
def test_what_a_live_stream_has_no_use_for_is_refused(run: Path, option: tuple[str, str]) -> None:
    told = called("predict", run, "-", *option, stdin="")
    assert told.exit_code == 2
    assert option[0] in told.stderr


def test_times_in_milliseconds_end_a_live_stream(run: Path) -> None:
    lines = [json.loads(line) for line in live_lines(acted("wave", 60, seed=7))]
    stdin = "\n".join(json.dumps({**line, "t": 33 * i}) for i, line in enumerate(lines))
    for rate in ((), ("--fps", "30")):
        result = called("predict", run, "-", *rate, stdin=stdin)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "found 33; are these milliseconds?" in result.stderr
    long = f'{{"joints": {json.dumps(lines[0]["joints"])}, "t": 1{"0" * 400}}}'
    seconds = [json.dumps({**line, "t": i / 30}) for i, line in enumerate(lines)]
    result = called("predict", run, "-", stdin="\n".join([long, *seconds]))
    assert result.exit_code == 3
    assert result.stderr.startswith("line 1: 't' is too large to be a number")
    assert json.loads(result.stdout.splitlines()[0])["class"] == "wave"


@pytest.mark.long
@pytest.mark.process
def test_a_live_line_is_there_before_the_next_frame_comes(run: Path) -> None:
    command = ["-c", "from skelfuse.cli.predict import predict; predict()"]
    options = [str(run), "-", "--window", "30f", "--stride", "10f", "--device", "cpu"]
    with subprocess.Popen(
        [sys.executable, *command, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as live:
        assert live.stdin is not None
        assert live.stdout is not None
        for number, line in enumerate(live_lines(acted("wave", 50, seed=7)), 1):
            live.stdin.write(f"{line}\n")
            live.stdin.flush()
            if number in (30, 40, 50):
                told = json.loads(live.stdout.readline())
                assert told["frames"] == [number - 30, number]
        live.stdin.close()
        assert live.stdout.read() == ""
        assert live.wait() == 0


def test_bad_lines_count_as_frames_without_anybody(run: Path) -> None:
    lines = list(live_lines(acted("wave", 60, seed=7)))
    lines[10] = '{"joints": [[1, 2]]}'
    lines[11] = "{"
    result = called("predict", run, "-", "--window", "60f", stdin="\n".join(lines))
    assert result.exit_code == 3
    (told,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (told["class"], told["frames"], told["start"]) == ("wave", [0, 60], None)
    first, second = result.stderr.splitlines()
    assert first.startswith("line 11: a person with the wrong number of joints: expected 5")
    assert second.startswith("line 12: not JSON")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [1e308, 3e38, 1e20, 1e10])
def test_a_line_of_absurd_numbers_is_a_frame_without_anybody(run: Path, value: float) -> None:
    coords = acted("wave", 60, seed=7).astype(np.float64)
    coords[10, 2, 0], coords[40] = value, value
    result = called("predict", run, "-", "--window", "30f", stdin="\n".join(live_lines(coords)))
    assert result.exit_code == 3, result.output
    assert {json.loads(line)["class"] for line in result.stdout.splitlines()} == {"wave"}
    told = result.stderr.splitlines()
    assert [line.partition(":")[0] for line in told] == ["line 11", "line 41"]
    assert all("that no recording has: expected at most 1e+09" in line for line in told)


def test_an_empty_stream_and_one_without_a_rate_are_errors(run: Path) -> None:
    for stdin, told in (
        ("", "no frame came"),
        ("\n".join(live_lines(acted("wave", 5))), "the frame rate is not known"),
        # Whatever frames come behind it would be read in another order.
        ('{"joint_names": ["a"]}', "line 1: the joints' names are not those of the run's"),
    ):
        result = called("predict", run, "-", stdin=stdin)
        assert result.exit_code == 1
        assert told in result.stderr
