"""The source files under the inputs of a store, found before any of them is read."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.datasets.clips import clips_in
from skelfuse.datasets.formats import FORMATS, recognise
from skelfuse.datasets.labels.matching import check_apart
from skelfuse.datasets.ntu_names import read_class_names
from skelfuse.datasets.preprocess_options import PreprocessOptions
from skelfuse.errors import SkelfuseError
from skelfuse.spanning_tree import spanning_bones


@dataclass(frozen=True)
class Source:
    """One input file, its format, and the name by which the store and the report speak of it."""

    path: Path
    format: str
    name: str
    place: str  # the path, whatever the folder of the command was
    within: str = ""  # the folder that goes before its clips' names, where files share a name


def find_sources(inputs: Sequence[Path], options: PreprocessOptions) -> list[Source]:
    """List the source files under the inputs, in the order in which they will be stored.

    What is wrong with the inputs as a whole, or with the options for them, is an error here.
    """
    sources: list[Source] = []
    formats: dict[str, Path] = {}
    for path in inputs:
        form, files = recognise(path, options.format)
        formats.setdefault(form.name, path)
        top = path if path.is_dir() else path.parent
        place = Path(os.path.realpath(top))
        for file in files:
            within = file.relative_to(top)
            name = str(within) if within.name else file.name  # a folder may itself be a source
            sources.append(Source(file, form.name, name, str(place / within)))
    if len(formats) > 1:
        raise SkelfuseError(
            "inputs of several formats",
            found=", ".join(f"{name} in {path}" for name, path in formats.items()),
            remedy="make one store for each, then one of those stores",
        )
    _check_class_names(options.reading.class_names, *formats)
    if options.labels and options.labels.table is not None:  # in which no name may fit several
        stems = {source.place: source.path.stem for source in sources}
        check_apart(options.labels.matcher, stems, str(options.labels.table.path))
    named_by_users = any(FORMATS[name].named_by_users for name in formats)
    return _told_apart(sources) if named_by_users else sources


def with_tree(sources: Sequence[Source], options: PreprocessOptions) -> PreprocessOptions:
    """Return the options with the bones for clips without any, found on the first such clip.

    They are kept with the store, so that later files of a run are joined by the same ones.
    """
    for source in sources:
        for clip in clips_in(source.path, source.format, options.reading):
            if isinstance(clip, Clip):
                bones = () if clip.skeleton.bones else spanning_bones(clip)
                return replace(options, reading=replace(options.reading, bones=bones))
    return options


def in_its_folder(clip: Clip, source: Source) -> Clip:
    """Return the clip with its folders before its name, where that is only the file's."""
    if source.within in ("", "."):
        return clip
    folder, stem = (re.escape(part) for part in (source.path.parent.name, source.path.stem))
    own = re.fullmatch(rf"(?:{folder}/)?({stem}(?:-\d{{5,}})?)", clip.name)
    return replace(clip, name=f"{source.within}/{own[1]}") if own else clip


def _told_apart(sources: list[Source]) -> list[Source]:
    """Return the sources, those of one file name with the folders in which they differ."""
    places: dict[str, list[str]] = defaultdict(list)
    for source in sources:
        places[source.path.stem].append(os.path.dirname(source.place))  # noqa: PTH120 - quick
    common = {stem: os.path.commonpath(its) for stem, its in places.items() if len(its) > 1}
    return [
        replace(source, within=Path(source.place).parent.relative_to(above).as_posix())
        if (above := common.get(source.path.stem)) is not None
        else source
        for source in sources
    ]


def _check_class_names(file: Path | None, form: str) -> None:
    if file is None:
        return
    if not FORMATS[form].numbered_classes:
        raise SkelfuseError(
            f"files of the format '{form}' name their classes themselves",
            file=file,
            remedy="leave out --class-names",
        )
    read_class_names(file)
