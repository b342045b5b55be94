"""Clips straight from files, without a store: for a model that is to recognise them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.clips.provenance import Provenance
from skelfuse.datasets import video
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import AUTO, FORMATS, recognise
from skelfuse.datasets.reading.coordinates import without_mark
from skelfuse.datasets.reading.scores import hide_unsure
from skelfuse.datasets.table import FORMAT as TABLE
from skelfuse.datasets.table import tables_in
from skelfuse.datasets.video import Watch
from skelfuse.datasets.workers import MANY, read_in_order
from skelfuse.errors import SkelfuseError
from skelfuse.files import as_error, check_readable
from skelfuse.joint_choice import with_joints
from skelfuse.layouts import LAYOUTS
from skelfuse.skeleton import Skeleton
from skelfuse.spanning_tree import with_bones


@dataclass(frozen=True)
class ClipFile:
    """A source file and its format."""

    path: Path
    format: str


Found = tuple[Path, Clip | SkelfuseError]  # what came out of a file, or what is wrong with it


def reading_of_store(provenance: Provenance, skeleton: Skeleton) -> ReadOptions:
    """Return how the files of a store were read, from its provenance and skeleton.

    The store's skeleton is imposed on files only where it was on those of the store; where joints
    were chosen of a built-in one, that one is, and they are chosen again.

    >>> from skelfuse.layouts import KINECT_V2
    >>> options = reading_of_store(Provenance({"max_persons": 1}), KINECT_V2)
    >>> options.max_persons, options.skeleton
    (1, None)
    """
    options = provenance.options
    joints = tuple(options.get("joints") or ())
    imposed = LAYOUTS.get(options.get("skeleton", "")) if joints else skeleton
    given = imposed if options.get("skeleton") else None
    bones = tuple((str(joint), str(above)) for joint, above in options.get("bones") or ())
    reading = ReadOptions(skeleton=given, joints=joints, bones=bones)
    kept = (
        *("fps", "max_persons", "filters", "min_score", "columns"),
        *("missing", "axes", "score"),
    )
    told = {name: options[name] for name in kept if name in options}
    if options.get("zeros_missing"):  # as earlier stores have it
        told["missing"] = 0.0
    return replace(reading, **told)


def find_clip_files(
    path: Path, form: str = AUTO, options: ReadOptions | None = None
) -> list[ClipFile]:
    """List the source files in a file or folder; none is an error.

    Where `options` say what a table's columns are, tables are what is looked for first.
    """
    if form == AUTO and options is not None and options.columns and tables_in(path):
        form = TABLE.name
    found, files = recognise(path, form)
    return [ClipFile(file, found.name) for file in files]


def read_clips(
    files: Sequence[ClipFile], options: ReadOptions, *, jobs: int = 1, watch: Watch | None = None
) -> Iterator[Found]:
    """Yield the clips of all files in order, and an error for each clip or file that is bad.

    Many small files are read by `jobs` processes, a few files ahead; files of many clips are read
    clip by clip. `watch` hears of the frames of videos, where this process reads them.
    """
    here = jobs == 1 or len(files) <= MANY
    read = partial(_read, options=options, watch=watch if here else None)
    return read_in_order(read, files, jobs=jobs)


def clips_in(
    path: Path, form: str, options: ReadOptions, watch: Watch | None = None
) -> Iterator[Clip | SkelfuseError]:
    """Yield the clips of one file, and an error in the place of each that is bad.

    Their people are in the order in which a store of the file would hold them. Whatever a reader
    raises is an error of its file: readers meet files that nobody has thought of. `watch` hears
    of the frames of a video: they take long.
    """
    read = FORMATS[form].read
    if watch is not None and form == video.FORMAT.name:
        read = partial(video.read, watch=watch)
    try:
        if not path.is_dir():
            check_readable(path)
        clips = iter(read(path, options))
    except Exception as error:
        yield as_error(error, path)
        return
    while True:
        try:
            clip = next(clips)
            clip = _without_unsure(clip, options.min_score)
            coords = without_mark(clip.coords, options.missing)
            clip = replace(clip, coords=coords, ranked=True)
            clip = with_joints(clip, options.joints) if options.joints else clip
            yield with_bones(clip, options.bones)
        except StopIteration:
            return
        except Exception as error:
            yield as_error(error, path)


def _without_unsure(clip: Clip, min_score: float | None) -> Clip:
    """Return a clip without the joints of a score below what the user gave, whatever its format."""
    if min_score is None:
        return clip
    if clip.confidence is None:
        return clip.noted("no scores: --min-score hides nothing")
    coords, notes = hide_unsure(clip.coords, clip.confidence, min_score, default=0)
    return replace(clip, coords=coords).noted(*notes)


def _read(file: ClipFile, options: ReadOptions, watch: Watch | None) -> Iterator[Found]:
    return ((file.path, found) for found in clips_in(file.path, file.format, options, watch))
