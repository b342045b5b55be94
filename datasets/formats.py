"""All file formats, and which of them a path is of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from skelfuse.datasets import (
    annotation_pickle,
    bvh,
    c3d,
    deeplabcut,
    jhmdb,
    keypoint_json,
    mediapipe_csv,
    mediapipe_npy,
    movement,
    msr_action3d,
    npy_clip,
    npy_folder,
    ntu,
    nw_ucla,
    openpose,
    penn_action,
    pose_file,
    ragged_npz,
    sbu,
    shrec,
    simba,
    sleap,
    sleap_analysis,
    sleap_csv,
    store_format,
    table,
    trc,
    ui_prmd,
    utd_mhad,
    utkinect,
    video,
    yolo,
)
from skelfuse.datasets.format import Format
from skelfuse.datasets.reading.files import beginning, walk
from skelfuse.datasets.reading.hdf5_file import FETCH_AGAIN, SIGNATURE, names_in
from skelfuse.errors import SkelfuseError
from skelfuse.files import check_readable

AUTO = "auto"
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        module.FORMAT.name: module.FORMAT
        for module in (
            store_format,
            ntu,
            nw_ucla,
            utd_mhad,
            sbu,
            penn_action,
            jhmdb,
            annotation_pickle,
            msr_action3d,
            utkinect,
            ui_prmd,
            shrec,
            deeplabcut,
            sleap,
            sleap_analysis,
            sleap_csv,
            movement,
            simba,
            bvh,
            trc,
            c3d,
            table,
            openpose,
            keypoint_json,
            mediapipe_npy,
            mediapipe_csv,
            yolo,
            pose_file,
            ragged_npz,
            npy_folder,
            npy_clip,
            video,
        )
    }
)
BESIDE = (video.FORMAT, npy_clip.FORMAT)  # which any data set may have beside its own files
LIKELIEST = {  # of endings that many formats have
    ".csv": ("mediapipe-csv", "deeplabcut", "table"),
    ".tsv": ("mediapipe-csv", "table", "npy-folder"),
    ".txt": ("yolo", "sbu", "table"),
}
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".7z", ".rar")


def recognise(path: Path, name: str = AUTO) -> tuple[Format, list[Path]]:
    """Return the format of a file or folder, and the sources in it, sorted.

    Folders are searched with all folders in them. With `auto` exactly one format must have sources
    there, but for videos and bare arrays, which count where there is nothing else; otherwise only
    the named one is asked.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "S001C001P001R001A001.skeleton").write_text("0")
    ...     form, sources = recognise(Path(folder))
    ...     form.name, [source.name for source in sources]
    ('ntu', ['S001C001P001R001A001.skeleton'])
    """
    if name != AUTO and name not in FORMATS:
        near = get_close_matches(name, FORMATS, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise SkelfuseError(
            f"no format is named '{name}'", remedy=f"{hint}There are: {AUTO}, {', '.join(FORMATS)}"
        )
    if not path.exists():
        raise SkelfuseError("no such file or folder", file=path, remedy="correct the path")
    if path.is_file():
        check_readable(path)
    if path.is_dir() and not next(walk(path), None):
        raise SkelfuseError("an empty folder", file=path, remedy="put the data set's files there")
    store = FORMATS[store_format.FORMAT.name]
    if name == AUTO and store.find(path):  # no other format need look into it
        asked = [(store, store.find)]
    elif name == AUTO:
        asked = [(form, form.find) for form in FORMATS.values()]
    else:
        asked = [(FORMATS[name], FORMATS[name].find_named or FORMATS[name].find)]
    found = [(form, sources) for form, find in asked if (sources := find(path))]
    if not found:
        raise _unrecognised(path, name)
    for beside in BESIDE if len(found) > 1 else ():
        others = [(form, sources) for form, sources in found if form is not beside]
        found = others or found
    if len(found) > 1:
        what = "; ".join(
            f"{form.name}: {len(sources)}, such as {sources[0].name}" for form, sources in found
        )
        raise SkelfuseError(
            "files of several formats",
            file=path,
            found=what,
            remedy="say which with --input-format, or give a folder that holds one of them",
        )
    form, sources = found[0]
    if form.check is not None:
        try:
            form.check()
        except SkelfuseError as error:
            raise error.at(path) from None
    return form, sources


def _unrecognised(path: Path, name: str) -> SkelfuseError:
    for folder, file in walk(path):
        check_readable(Path(folder, file))
    if path.name.lower().endswith(ARCHIVES):
        return SkelfuseError("an archive", file=path, remedy="unpack it and give the folder")
    if path.is_file() and names_in(path) is None:
        return SkelfuseError("a damaged HDF5 file", file=path, remedy=FETCH_AGAIN)
    if path.is_file() and beginning(path, len(SIGNATURE)) == SIGNATURE:
        return SkelfuseError(
            "an HDF5 file that no format recognises",
            file=path,
            expected="a store, or what DeepLabCut, SLEAP or movement have written",
            remedy="name its format with --input-format, or export it in one of docs/formats.md",
        )
    archive = next((name for _, name in walk(path) if name.lower().endswith(ARCHIVES)), None)
    if archive and name == AUTO:
        return SkelfuseError(
            "archives, and no skeleton files",
            file=path,
            found=archive,
            remedy="unpack them and give the folder",
        )
    if name != AUTO:
        return SkelfuseError(
            f"no files of the format '{name}' there",
            file=path,
            expected=FORMATS[name].title,
            remedy="leave --input-format out to have it recognised",
        )
    ending = _commonest_ending(path)
    return SkelfuseError(
        "no format recognises it",
        file=path,
        found=f"files that end in '{ending}'" if ending else "files without an ending",
        remedy="nearest are these (all are in docs/formats.md), and what they need:",
        lines=[f"{form.name}: {form.needs or form.title}" for form in _likeliest(ending)],
    )


def _commonest_ending(path: Path) -> str:
    names = [path.name] if path.is_file() else [name for _, name in walk(path)]
    return Counter(Path(name).suffix.lower() for name in names).most_common(1)[0][0]


def _likeliest(ending: str) -> list[Format]:
    """Return three formats whose files end so, or else those of one's own data."""
    word = re.compile(rf"{re.escape(ending)}\b" if ending else r"(?!)")
    named = [form for form in FORMATS.values() if word.search(f"{form.needs} {form.title}".lower())]
    if ending in LIKELIEST:
        named = [FORMATS[name] for name in LIKELIEST[ending]]
    own = [FORMATS[name] for name in ("npz", "table", "npy-folder")]
    return [*dict.fromkeys((*named, *own))][:3]
