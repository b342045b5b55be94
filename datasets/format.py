"""What a file format must offer: how to find its files, and how to read one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.skeleton import Pair, Skeleton

MOST_PERSONS = 2  # kept in a clip, unless somebody says otherwise


@dataclass(frozen=True)
class ReadOptions:
    """What a user may say about the files; a reader takes what concerns it."""

    skeleton: Skeleton | None = None  # overrides or supplies the layout
    fps: float | None = None  # for formats that do not say
    max_persons: int = MOST_PERSONS  # people kept in a clip, most active first
    filters: bool = True  # drop ghost bodies, as the format's own rules have it
    missing: float | None = None  # a joint at this number in all axes was not seen, such as 0
    class_names: Path | None = None  # lines "A001 drink water", for formats that number classes
    min_score: float | None = None  # a joint of a lower score is missing; None: the format's own
    joints: tuple[str, ...] = ()  # patterns that choose, drop or rename joints; none: all stay
    columns: str | None = None  # a table's columns, such as {joint}_{axis}
    bones: tuple[Pair, ...] = ()  # for clips whose files name none
    axes: str | None = None  # letters of an array's axes, such as CTVM; None: TND or TMND
    score: bool = False  # whether an array's last coordinate is a score


@dataclass(frozen=True)
class Format:
    """One file format.

    `find` lists the sources in a file or folder, sorted, and nothing where the path is not of
    this format; it may look at names and, where they do not tell, into files, but parses none.
    Where the names' ending tells, `ending(".mine")` of `reading/files.py` is all of it.
    `find_named` takes its place where a user names the format, if that may mean more files. `read`
    yields the clips of one source, or raises a SkelfuseError that says what is wrong, on which
    line, and what to do; `clips_in` of clips.py adds the name of the source. `needs` says in a few
    words what its files have, for whoever has others. `check` raises where what `read` needs is not
    installed. `files_of` lists the files of a source that has several, such as a folder of frames.
    `named_by_users`: files of one name in several folders are clips of their own, not copies.
    `numbered_classes`: a class may be a number alone, which `--class-names` names.

    >>> from skelfuse.datasets.reading.files import ending
    >>> form = Format("mine", "my sensor's text", ending(".mine"), lambda path, options: iter(()))
    >>> form.find(Path("notes.txt"))
    []
    """

    name: str
    title: str
    find: Callable[[Path], list[Path]]
    read: Callable[[Path, ReadOptions], Iterator[Clip]]
    find_named: Callable[[Path], list[Path]] | None = None
    needs: str = ""
    check: Callable[[], None] | None = None
    files_of: Callable[[Path], list[Path]] | None = None
    named_by_users: bool = False
    numbered_classes: bool = False
