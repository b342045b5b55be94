"""Tables of labels as people and tools write them: what comes out, and what is refused."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from skelfuse.datasets.labels.sheet import condition
from skelfuse.datasets.labels.table import LabelTable, read_labels
from skelfuse.errors import SkelfuseError

BORIS_TABULAR = """Observation id\tone\t\t\t\t\t\t\t
\t\t\t\t\t\t\t\t
Media file(s)\t\t\t\t\t\t\t\t
Player #1\tgait.mp4\t\t\t\t\t\t\t
independent variables\t\t\t\t\t\t\t\t
Time\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\tBehavioral category\tComment\tStatus
0.5\tgait.mp4\t60\t25.0\tann\twalk\t\t\tSTART
1.0\tgait.mp4\t60\t25.0\tben\twalk\t\t\tSTART
2.0\tgait.mp4\t60\t25.0\tann\tjump\t\t\tPOINT
2.5\tgait.mp4\t60\t25.0\tann\twalk\t\t\tSTOP
4.0\tgait.mp4\t60\t25.0\tben\twalk\t\t\tSTOP
5.0\tgait.mp4\t60\t25.0\tNo focal subject\trest\t\t\tSTART
"""
ELAN_TIERS = """Begin Time - hh:mm:ss.ms\tBegin Time - ss.msec\tEnd Time - ss.msec\tleft hand\tgaze
00:00:01.000\t1.0\t2.0\tpoint\t
00:00:03.000\t3.0\t4.5\trest\tup
"""
ELAN_BARE = """hand\t\t00:00:01.25\t1.25\t1250\t00:00:03.1\t3.1\t3100\t00:00:01.8\t1.8\t1800\twave
hand\tann\t00:01:00.000\t60.0\t60000\t00:01:01.0\t61.0\t61000\t00:00:01.0\t1.0\t1000\tpoint
"""


def table(folder: Path, text: str, name: str = "labels.csv", *only: str) -> LabelTable:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_labels(path, tuple(map(condition, only)))


def intervals(found: LabelTable) -> list[tuple[str, str | None, float | None, float | None]]:
    return [(row.file, row.label, row.start, row.end) for row in found.rows]


def test_boris_pairs_starts_and_stops_of_each_subject(tmp_path: Path) -> None:
    found = table(tmp_path, BORIS_TABULAR, "events.tsv")
    assert found.kind == "BORIS, tabular events"
    assert intervals(found) == [("gait.mp4", "walk", 0.5, 2.5), ("gait.mp4", "walk", 1.0, 4.0)]
    assert [row.subject for row in found.rows] == ["ann", "ben"]
    assert found.notes == ("1 point event without a duration left out",)
    (problem,) = found.problems
    assert (problem.line, problem.problem) == (12, "'rest' starts and never stops")


def test_boris_times_that_go_on_through_several_videos_are_refused(tmp_path: Path) -> None:
    text = (
        "Observation id,Media file,Behavior,Behavior type,Start (s),Stop (s)\n"
        "two,a.mp4,walk,STATE,1,2\ntwo,b.mp4,walk,STATE,227.5,230\n"
    )
    with pytest.raises(SkelfuseError, match=r"'two' is of several videos.*found a.mp4, b.mp4"):
        table(tmp_path, text)


@pytest.mark.parametrize("column", ["Behavior", "Start (s)", "Stop (s)"])
def test_boris_without_one_of_its_columns_is_refused(column: str, tmp_path: Path) -> None:
    text = "Observation id,Media file,Subject,Behavior,Behavior type,Start (s),Stop (s)\n"
    text += "one,a.mp4,ann,sit,STATE,1.5,3\n"
    assert table(tmp_path, text).kind == "BORIS, aggregated events"
    with pytest.raises(SkelfuseError) as error:
        table(tmp_path, text.replace(f",{column}", ",Odd"))
    assert error.value.file == str(tmp_path / "labels.csv")


def test_elan_with_a_column_for_each_tier_and_without_a_header(tmp_path: Path) -> None:
    tiers = table(tmp_path, ELAN_TIERS, "talk.txt")
    assert intervals(tiers) == [
        ("talk", "point", 1.0, 2.0),
        ("talk", "rest", 3.0, 4.5),
        ("talk", "up", 3.0, 4.5),
    ]
    bare = table(tmp_path, ELAN_BARE, "talk.txt")
    assert intervals(bare) == [("talk", "wave", 1.25, 3.1), ("talk", "point", 60.0, 61.0)]
    assert [row.subject for row in bare.rows] == [None, "ann"]
    for forms in (1, 2):  # begin and end alone, in one form and in two
        lines = [line.split("\t") for line in ELAN_BARE.splitlines()]
        short = "\n".join(
            "\t".join([*row[:2], *row[2 : 2 + forms], *row[5 : 5 + forms], row[-1]])
            for row in lines
        )
        assert intervals(table(tmp_path, short, "talk.txt")) == intervals(bare)


def test_simba_takes_the_behaviours_and_not_the_features(tmp_path: Path) -> None:
    text = (
        ",Nose_x,Nose_p,Low_prob_detections_0.1,Attack,Groom\n"
        "0,1.5,1,0,0,1\n1,1.6,1,1,1,1\n2,1.7,1,0,1,0\n3,1.7,1,0,0,1\n"
    )
    found = table(tmp_path, text, "video1.csv")
    assert intervals(found) == [
        ("video1", "Attack", 1, 3),
        ("video1", "Groom", 0, 2),
        ("video1", "Groom", 3, 4),
    ]
    assert all(row.in_frames for row in found.rows)


def test_frames_of_flags_are_those_of_their_column(tmp_path: Path) -> None:
    late = table(tmp_path, "frame,Nose_x,Rear\n100,1.5,1\n101,1.5,1\n103,1.5,1\n", "a.csv")
    assert intervals(late) == [("a", "Rear", 100, 102), ("a", "Rear", 103, 104)]
    last = table(tmp_path, "Rear,Groom,frame\n1,0,0\n0,1,1\n\n,,\n0,1,2\n", "a.csv")
    assert intervals(last) == [("a", "Rear", 0, 1), ("a", "Groom", 1, 3)]
    assert not last.notes
    assert not last.problems
    from_one = table(tmp_path, "file,frame,Rear\na,1,0\na,2,1\nb,1,1\n")
    assert intervals(from_one) == [("a", "Rear", 1, 2), ("b", "Rear", 0, 1)]
    assert from_one.notes == ("frames are counted from 1, as every recording begins with it",)


def test_flags_without_frame_numbers_count_the_lines_of_each_recording(tmp_path: Path) -> None:
    text = "file,cam,Rear\nx,A,0\ny,A,1\nx,B,0\nx,A,1\ny,A,1\n"
    every = table(tmp_path, text)
    assert intervals(every) == [("x", "Rear", 2, 3), ("y", "Rear", 0, 2)]
    assert every.notes == ()
    chosen = table(tmp_path, text, "labels.csv", "cam=A")
    assert intervals(chosen) == [("x", "Rear", 1, 2), ("y", "Rear", 0, 2)]
    assert chosen.notes == ("frames are counted among the lines that --label-rows takes",)


def test_two_lines_of_one_frame_with_other_flags_are_told(tmp_path: Path) -> None:
    found = table(tmp_path, "frame,Rear,Groom\n0,1,0\n1,1,0\n1,0,0\n1,1,0\n", "a.csv")
    assert intervals(found) == [("a", "Rear", 0, 2)]
    (problem,) = found.problems
    assert "line 4: frame 1 of 'a' has two labels: expected '1, 0', as in line 3" in str(problem)


@pytest.mark.parametrize("cell", ["", "NaN", "NA", "-"])
def test_a_frame_that_nobody_scored_is_no_flag_and_told(tmp_path: Path, cell: str) -> None:
    text = f",Nose_x,Rear,Blank,Groom\n0,1.5,1,,0\n1,1.5,{cell},,1\n2,1.5,1,,1\n"
    found = table(tmp_path, text, "a.csv")
    assert intervals(found) == [("a", "Rear", 0, 1), ("a", "Rear", 2, 3), ("a", "Groom", 1, 3)]
    assert found.notes == ("a.csv: 1 cell of Rear without 0 or 1, taken as 0",)


def test_a_line_of_empty_flags_is_a_frame(tmp_path: Path) -> None:
    found = table(tmp_path, "Rear,Groom\n1,0\n,\n0,1\n,\n,\n", "a.csv")
    assert intervals(found) == [("a", "Rear", 0, 1), ("a", "Groom", 2, 3)]
    assert found.notes == ("a.csv: 2 cells of Rear, Groom without 0 or 1, taken as 0",)


def test_flags_whose_lines_cannot_be_counted_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match="line 3: more cells than columns"):
        table(tmp_path, "Rear,Groom\n1,0\n0,1,1\n0,1\n")
    numbered = table(tmp_path, "frame,Rear\n0,0\n1,0,1\n2,1\n", "a.csv")
    assert intervals(numbered) == [("a", "Rear", 2, 3)]
    assert [problem.line for problem in numbered.problems] == [3]


@pytest.mark.parametrize(
    "name",
    [
        *("frame", "Frame#", "frame id", "frame_no", "frame-nr", "frame_num", "frame_number"),
        *("frameNumber", "frame_idx", "frameIdx", "frame_index", "FrameIndex", "frameid"),
    ],
)
def test_a_column_of_frames_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    found = table(tmp_path, f"file,{name},label\na,0,walk\na,1,sit\n")
    assert intervals(found) == [("a", "walk", 0, 1), ("a", "sit", 1, 2)]
    assert found.notes == ()


def test_how_many_frames_a_clip_has_is_no_frame(tmp_path: Path) -> None:
    found = table(tmp_path, "file,frames,label\na,120,walk\n")
    assert intervals(found) == [("a", "walk", None, None)]
    assert found.notes == ("column 'frames' is passed over",)


def test_a_line_a_frame_becomes_intervals_that_gaps_end(tmp_path: Path) -> None:
    text = "file,frame,label\na,0,walk\na,1,walk\na,3,walk\na,4,\na,5,sit\nb,7,sit\na,5,lie\n"
    found = table(tmp_path, text)
    assert intervals(found) == [
        ("a", "walk", 0, 2),
        ("a", "walk", 3, 4),
        ("a", "sit", 5, 6),
        ("b", "sit", 7, 8),
    ]
    assert "line 8: frame 5 of 'a' has two labels" in str(found.problems[0])
    one = table(tmp_path, "file,frame,label\na,1,walk\na,2,walk\nb,1,sit\n")
    assert intervals(one) == [("a", "walk", 0, 2), ("b", "sit", 0, 1)]


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    text = "Video;Action;start;end;Person\na.mp4;wave;0,5;1:02,5;2\n"
    (row,) = table(tmp_path, text).rows
    assert (row.file, row.label, row.start, row.end, row.person) == ("a.mp4", "wave", 0.5, 62.5, 1)
    (row,) = table(tmp_path, "file\tlabel\tstart_frame\tend_frame\na\twave\t3\t3\n").rows
    assert (row.start, row.end, row.in_frames) == (3, 4, True)
    (row,) = table(tmp_path, "label,start,end\nwave,1,2\n", "gait.csv").rows
    assert row.file == "gait"  # the table's own name


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a,wave,x,2,", "not a time in seconds.*found x"),
        ("a,wave,1,,", "half an interval"),
        ("a,wave,3,2,", "ends before it begins.*3 to 2"),
        ("a,,1,2,", "an interval without a label"),
        (",wave,1,2,", "a line without a file"),
        ("a,wave,1,2,0", "no person's number.*1 for the first.*found 0"),
        ("a,wave,-1,2,", "not a time"),
        ("a,wave,inf,2,", "not a time"),
    ],
)
def test_a_bad_line_is_told_and_the_rest_goes_on(tmp_path: Path, line: str, words: str) -> None:
    found = table(tmp_path, f"file,label,start,end,person\nb,sit,1,2,1\n{line}\nc,sit,1,2,\n")
    assert [row.file for row in found.rows] == ["b", "c"]
    (problem,) = found.problems
    assert problem.line == 3
    with pytest.raises(SkelfuseError, match=words):
        raise problem


@pytest.mark.parametrize(
    ("mark", "line", "words"),
    [
        (",", "a,walk,0,5,2,0", "expected 4 cells, found 6: a | walk | 0 | 5 | 2 | 0; .* a comma "),
        (",", "a,walk, slow,0,5", "found 5: .* a comma in double quotes, .* tabs or semicolons"),
        (";", "a;walk; slow;0;5", "found 5: .* a semicolon in double quotes, .* commas or tabs"),
        ("\t", "a\twalk\t0\t5\t\t!", "found 6: .* a tab in double quotes"),
    ],
)
def test_a_line_with_more_cells_than_columns_is_told(
    tmp_path: Path, mark: str, line: str, words: str
) -> None:
    text = "file,label,start,end\nb,sit,1,2,,\n".replace(",", mark)
    found = table(tmp_path, f"{text}{line}\n")
    assert intervals(found) == [("b", "sit", 1.0, 2.0)]
    (problem,) = found.problems
    assert (problem.file, problem.line) == (str(tmp_path / "labels.csv"), 3)
    assert problem.problem == "more cells than columns"
    assert re.search(words.replace("|", r"\|"), str(problem))
    quoted = table(tmp_path, 'file,label\na,"walk, slow"\n')
    assert intervals(quoted) == [("a", "walk, slow", None, None)]


def test_comments_are_above_the_header_and_a_recording_may_be_named_like_one(
    tmp_path: Path,
) -> None:
    found = table(tmp_path, "# of May, 3rd\n#\nfile,label\n#1,walk\n#2,sit\n")
    assert intervals(found) == [("#1", "walk", None, None), ("#2", "sit", None, None)]


def test_lines_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    above = "\n# a comment\n\n"
    found = table(tmp_path, f"{above}file,label,start,end\n\na,walk,0,1\na,sit,x,2\n")
    assert [row.line for row in found.rows] == [6]
    assert [problem.line for problem in found.problems] == [7]
    with pytest.raises(SkelfuseError, match="line 4: the first line must name the columns"):
        table(tmp_path, f"{above}file,lable\na,walk\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a table without lines"),
        ("file,label\na,walk,slow\n", "line 2: more cells than columns"),
        ("file,label\n", "without lines below its header"),
        ("file,lable\na,wave\n", "expected 'file' and 'label'.*did you mean 'label'"),
        ("label,subject\nwave,ann\n", "a table that names no files"),
        ("file,label,start,end\na,wave,x,1\n", "line 2: not a time"),
    ],
)
def test_a_table_that_says_nothing_is_an_error(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SkelfuseError, match=words):
        table(tmp_path, text)


def test_conditions_take_lines(tmp_path: Path) -> None:
    text = "file,label,rater\na,wave,x\nb,sit,y\nc,lie,x\n"
    assert [row.file for row in table(tmp_path, text, "t.csv", "rater=x").rows] == ["a", "c"]
    assert [row.file for row in table(tmp_path, text, "t.csv", "rater!=x", "label=sit").rows] == [
        "b"
    ]
    with pytest.raises(SkelfuseError, match=r"no column 'who'.*file or label or rater"):
        table(tmp_path, text, "t.csv", "who=x")
    with pytest.raises(SkelfuseError, match="no line of the table is left"):
        table(tmp_path, text, "t.csv", "rater=z")


def test_a_folder_of_tables_goes_on_past_a_bad_one(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("nothing here\n")
    found_before = table(tmp_path, "label,start,end\nwave,1,2\n", "a.csv")
    found = read_labels(tmp_path)
    assert intervals(found) == intervals(found_before) == [("a", "wave", 1.0, 2.0)]
    assert [Path(problem.file or "").name for problem in found.problems] == ["b.csv"]


@pytest.mark.long
@pytest.mark.slow
def test_whatever_is_done_to_a_table_it_ends_in_words(tmp_path: Path) -> None:
    draw = random.Random(0)
    whole = [BORIS_TABULAR, ELAN_TIERS, ELAN_BARE, "file,frame,label\na,0,walk\na,1,sit\n"]
    whole.append("file,label,start,end,person\na,walk,0,1,1\nb,sit,1,2,2\n")
    read = 0
    for i in range(600):
        text = list(whole[i % len(whole)])
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(text))
            text[at : at + draw.randint(0, 3)] = draw.choice(
                ["", ",", "\t", "\n", '"', "-", "9e9", "\0", "é", ";", "NaN"]
            )
        with suppress(SkelfuseError):
            read += len(table(tmp_path, "".join(text), "t.csv").rows) > 0
    assert read > 150


def test_dlc_analyzers_own_table(samples: Callable[[str], Path]) -> None:
    path = samples("labels/AllFSTLables.csv")
    with pytest.raises(SkelfuseError, match=r"several people.*--label-rows Experimenter"):
        read_labels(path)
    counts: Counter[str] = Counter()
    for who in ("Jin", "Oliver", "Rebecca", "Schlappi"):
        found = read_labels(path, (condition(f"Experimenter={who}"),))
        counts[who] = len(found.rows)
        assert not found.problems
        assert all(row.file.startswith("FST_") for row in found.rows)
        assert {row.label for row in found.rows} <= {
            *("Floating", "Start/End", "Start_End", "StartEnd", "_DEFAULT")
        }
    assert sum(counts.values()) == 889
    first = read_labels(path, (condition("Experimenter=Jin"), condition("type!=Start_End"))).rows[0]
    assert (first.file, first.label, first.start, first.end) == (
        "FST_1",
        "Floating",
        10.809,
        11.809,
    )


def test_columns_that_are_nearly_those_of_a_tool_are_told(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("file,experimenter,from,to,type,id\nx,me,0.5,1.0,rear,a\n")
    with pytest.raises(SkelfuseError, match="the first line must name the columns"):
        read_labels(file)


def test_a_real_table_with_a_line_a_frame(samples: Callable[[str], Path]) -> None:
    found = read_labels(samples("labels/Home_FDD.csv"))
    assert found.kind == "a line a frame"
    # Of 14,497 lines one is without a label.
    assert sum((row.end or 0) - (row.start or 0) for row in found.rows) == 14_496
    first = [row for row in found.rows if row.file == "video (1).avi"]
    assert [(row.label, row.start, row.end) for row in first] == [
        ("3", 0, 60),
        ("5", 60, 105),
        ("2", 105, 144),
        ("7", 144, 192),
        ("4", 192, 264),
    ]
