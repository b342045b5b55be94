"""Which rows of a table are about a clip: by the clip's name, or by its file's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import takewhile

from skelfuse.errors import SkelfuseError

# Endings of videos, recordings and tables: in `P01.walk` the second part is none of these.
ENDING = re.compile(
    r"\.(mp4|m4v|mov|avi|mkv|webm|wmv|flv|mpg|mpeg|ogv|3gp|mts|m2ts|ts|mxf|asf|vob|seq|wav|mp3"
    r"|csv|tsv|txt|json|jsonl|npy|npz|h5|hdf5|nc|slp|pkl|pickle|mat|bvh|trc|c3d|pose|skeleton"
    r"|xlsx?|ods|eaf|boris|xml|ya?ml)$",
    re.IGNORECASE,
)
# What DeepLabCut writes behind the name of the video.
BEHIND = re.compile(r"(?<=.)(DLC_|DeepCut_).*$")

Parts = tuple[str, ...]


class Matcher:
    """Finds a table's own name for a recording.

    Letters and folders count, known endings do not: a table speaks of `walk.mp4`, the file is
    `walk.csv`, `walkDLC_resnet50.csv` or `walk.analysis.h5`. Folders that all names of the table
    share (`C:/videos`) say where the videos were, and do not count either.

    >>> matcher = Matcher(["walk.mp4", "ann/run.mp4", "ben/run.mp4"])
    >>> matcher.find("walk", "data/walk.csv"), matcher.find("run", "data/ben/run.csv")
    ('walk.mp4', 'ben/run.mp4')
    >>> matcher.find("walk", "walkDLC_resnet50_gait.csv"), matcher.find("walks", "walks.csv")
    ('walk.mp4', None)
    """

    def __init__(self, named: Iterable[str]) -> None:
        named = list(named)
        levels = zip(*(_parts(name)[:-1] for name in named), strict=False)  # from the top
        shared = len([*takewhile(lambda level: len({*level}) == 1, levels)])
        self._folders: dict[str, Parts] = {}
        self._by_last: dict[str, list[str]] = {}
        self._whole: dict[Parts, str] = {}
        for name in named:
            parts = _parts(name)
            self._folders[name] = parts[shared:-1]
            self._whole.setdefault(parts, name)
            for last in dict.fromkeys(_lasts(parts)[:2]):
                self._by_last.setdefault(last, []).append(name)

    def find(self, clip: str, place: str) -> str | None:
        """Return the name in the table of a clip from a file at `place`; None where there is none.

        A clip's own name goes before its file's, as a file may hold many clips.
        """
        own = _parts(clip)
        if own in self._whole:
            return self._whole[own]
        return self._best(_parts(place)) or self._best(own)

    def _best(self, parts: Parts) -> str | None:
        for last in _lasts(parts):
            named = self._by_last.get(last, [])
            found = [name for name in named if _fits(self._folders[name], parts[:-1])]
            if not found:
                continue
            most = max(len(self._folders[name]) for name in found)
            best = [name for name in found if len(self._folders[name]) == most]
            if len(best) > 1:
                raise SkelfuseError(
                    "several files of the table of labels fit",
                    found=", ".join(best[:4]),
                    remedy="write the folder before each name in the table",
                )
            return best[0]
        return None


def check_apart(matcher: Matcher, places: Mapping[str, str], table: str) -> None:
    """Refuse a table in which one name fits several files: nobody knows which is meant.

    `places` has the path of every file, as the table may name it, and its clip's likely name.
    """
    found: dict[str, list[str]] = {}
    for place, clip in places.items():
        try:
            name = matcher.find(clip, place)
        except SkelfuseError:  # told where the file is read
            continue
        if name is not None:
            found.setdefault(name, []).append(place)
    for name, files in found.items():
        if len(files) > 1:
            raise SkelfuseError(
                f"'{name}' of the table fits {len(files)} files",
                file=table,
                found=", ".join(files[:3]),
                remedy="write the folder before each name in the table",
            )


def _parts(name: str) -> Parts:
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _lasts(parts: Parts) -> list[str]:
    """Return the file's name as it is, without its ending, and without what tools add.

    >>> _lasts(("walk.predictions.analysis.h5",))[1:]
    ['walk.predictions.analysis', 'walk.predictions.analysis', 'walk.predictions', 'walk']
    """
    if not parts:
        return []
    bare = ENDING.sub("", parts[-1])
    shorter = [BEHIND.sub("", bare)]
    while above := shorter[-1].rpartition(".")[0]:
        shorter.append(above)
    return [parts[-1], bare, *shorter]


def _fits(folders: Parts, above: Parts) -> bool:
    """Whether folders are those above a file, from the file upwards, as far as both go."""
    return all(
        mine == theirs for mine, theirs in zip(reversed(folders), reversed(above), strict=False)
    )
