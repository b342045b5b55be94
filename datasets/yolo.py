"""Ultralytics' pose labels: a file a picture, a line a person, in fractions of the picture.

`labels/walk_12.txt` has lines of class, box (x, y, width, height) and x, y, (score) of each joint,
then, where they were saved, the score of the box and the number of the track. Pictures whose names
differ in their last number alone are the frames of one clip: a folder may hold several videos.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.detections import (
    Known,
    clip_of_known,
    first_of,
    for_joints,
    from_table,
)
from skelfuse.datasets.reading.facts import in_its_folder
from skelfuse.datasets.reading.files import beginning, read_text, walk
from skelfuse.datasets.reading.json_file import FETCH_AGAIN
from skelfuse.datasets.reading.keypoint_people import LAYOUTS_2D, UNSURE
from skelfuse.datasets.reading.number_rows import rows_of_numbers
from skelfuse.errors import SkelfuseError

ENDING = ".txt"
BOX = 5  # class, x, y, width, height
JOINTS = (17, 21, 26, 133)  # COCO's first: what nearly all models have
PEEKS = 3
LABELS = "labels"  # the folder that Ultralytics makes beside the pictures
_FRAME = re.compile(r"(.*?)[_.-]?(\d{1,12})\.txt", re.ASCII | re.IGNORECASE)


def find(path: Path) -> list[Path]:
    """List the folders whose .txt files are such labels; one file stands for its folder."""
    folders: dict[str, list[str]] = defaultdict(list)
    for folder, name in walk(path):
        if name.lower().endswith(ENDING):
            folders[folder].append(name)
    return [
        Path(folder)
        for folder, names in sorted(folders.items())
        if any(_is_label(Path(folder, name)) for name in sorted(names)[:PEEKS])
    ]


def _is_label(file: Path) -> bool:
    words = beginning(file).split(b"\n")[0].split()
    if len(words) < BOX + 2 * JOINTS[0]:
        return False
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return False
    shape = _shape(len(words))
    if shape is None or numbers[0] < 0 or numbers[0] % 1:
        return False
    places = numbers[1 : BOX + shape[0] * shape[1]]
    return all(-0.5 <= number <= 1.5 for number in places)  # fractions of the picture


def _shape(words: int) -> tuple[int, int, int] | None:
    """Return joints, numbers of each and further numbers of a line; None where none fit.

    >>> _shape(5 + 17 * 3), _shape(5 + 17 * 3 + 1), _shape(5 + 17 * 2), _shape(9)
    ((17, 3, 0), (17, 3, 1), (17, 2, 0), None)
    """
    for joints in JOINTS:
        for numbers in (3, 2):  # with scores, as models give them, or without
            further = words - BOX - joints * numbers
            if further in (0, 1, 2):
                return joints, numbers, further
    return None


def files_of(path: Path) -> list[Path]:
    """List the files of a source, sorted."""
    folder = path if path.is_dir() else path.parent
    files = (file for file in folder.iterdir() if file.name.lower().endswith(ENDING))
    return sorted(file for file in files if not file.name.startswith(".") and file.is_file())


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clips of a folder, `[T,M,N,2]` in fractions of the picture, y downwards."""
    folder = path if path.is_dir() else path.parent
    videos: dict[str, dict[int, Path]] = defaultdict(dict)
    for file in files_of(folder):
        found = _FRAME.fullmatch(file.name)
        if found is None:
            continue  # classes.txt and the like
        stem, number = found[1], int(found[2])
        if number in videos[stem]:
            raise SkelfuseError(
                f"two files of frame {number}",
                found=f"{videos[stem][number].name} and {file.name}",
                remedy="number every picture once",
            )
        videos[stem][number] = file
    if not videos:
        raise SkelfuseError("no files with numbers in their names", remedy="number the pictures")

    def clip(stem: str) -> Clip:
        return _clip(stem, videos[stem], folder, options, several=len(videos) > 1)

    return map(clip, sorted(videos))


def _clip(
    stem: str, files: dict[int, Path], folder: Path, options: ReadOptions, *, several: bool
) -> Clip:
    numbers = sorted(files)
    frames = [_people(files[number]) for number in numbers]
    place = folder.absolute()
    place = place.parent if place.name == LABELS else place
    facts = in_its_folder(place)
    facts = replace(facts, name=f"{facts.name}/{stem}") if several else facts
    skeleton = for_joints(len(first_of(frames)[0]), 2, LAYOUTS_2D, options.skeleton)
    return clip_of_known(frames, numbers, skeleton, facts, options, min_score=UNSURE)


def _people(file: Path) -> list[Known]:
    people: list[Known] = []
    for line, text in enumerate(read_text(file).splitlines(), start=1):
        try:
            if text.strip():
                people.append(_person(text))
        except SkelfuseError as error:
            raise error.with_context(file=file, line=line) from None
    return people


def _person(text: str) -> Known:
    """Return the number of the track, None where there is none, and the joints."""
    words = len(text.split())
    shape = _shape(words)
    if shape is None:
        raise SkelfuseError(
            "a line of the wrong length",
            expected=f"class, box and 2 or 3 numbers of {' or '.join(map(str, JOINTS))} joints",
            found=f"{words} numbers",
            remedy=FETCH_AGAIN,
        )
    joints, each, further = shape
    (numbers,), _, _ = rows_of_numbers(text, words, delimiter=None)
    rows = numbers[BOX : BOX + joints * each].reshape(joints, each)
    if each == 2:
        rows = np.column_stack([rows, np.ones(joints)])
    rows[(rows[:, :2] == 0).all(axis=1), 2] = 0  # 0, 0 is how a joint that was not seen is written
    last = float(numbers[-1])
    tracked = further == 2 or (further == 1 and last.is_integer())
    return (last if tracked else None), from_table(rows)


FORMAT = Format(
    "yolo",
    "YOLO pose labels, a .txt a picture",
    find,
    read,
    needs=".txt with class, box and joints x, y, score in a line",
    files_of=files_of,
    named_by_users=True,
)
