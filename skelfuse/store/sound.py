"""What a store may be made of: its own bytes alone, and never much more of them in memory."""

from __future__ import annotations

from pathlib import Path

import h5py

from skelfuse.errors import SkelfuseError

LARGE = 128 << 20  # bytes that any dataset may have
DENSEST = 100  # times as many as it takes in the file
MOST_DATASETS = 100
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, 32000}
DISTRUST = "a store never is: do not use it, or make it anew with skelfuse preprocess"
BATCH, LARGEST_BATCH = 64, 8192
LONG = 1 << 10  # bytes


def check_sound(file: h5py.File, path: Path) -> None:
    """Refuse what reaches beyond the file, and what grows beyond measure when it is read."""
    if len(file) > MOST_DATASETS:
        raise _refused(path, f"{len(file)} parts")
    for name in file:
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise _refused(path, f"'{name}' is a link to another place")
        if not isinstance(file[name], h5py.Dataset):
            raise _refused(path, f"'{name}' is no dataset")
        _check_dataset(file[name], name, path)


def _check_dataset(dataset: h5py.Dataset, name: str, path: Path) -> None:
    kept = dataset.id.get_create_plist()
    layout = kept.get_layout()
    if layout not in (h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED):
        raise _refused(path, f"'{name}' is made of other files")
    if layout == h5py.h5d.CONTIGUOUS and kept.get_external_count():
        raise _refused(path, f"'{name}' lies in another file")
    strange = {kept.get_filter(i)[0] for i in range(kept.get_nfilters())} - FILTERS
    if strange:
        raise _refused(path, f"'{name}' is packed by filter {min(strange)}")
    size, taken = dataset.size * dataset.dtype.itemsize, dataset.id.get_storage_size()
    if size > max(LARGE, DENSEST * min(taken, path.stat().st_size)):
        raise _refused(path, f"'{name}' would grow from {taken} bytes to {size >> 20} MB")


def texts(dataset: h5py.Dataset, path: Path) -> list[str]:
    """Return a column of texts; many of them may be one and the same in the file."""
    found: list[str] = []
    room = max(LARGE, DENSEST * path.stat().st_size)
    batch, column = BATCH, dataset.asstr()
    while len(found) < len(dataset):
        new = column[len(found) : len(found) + batch].tolist()
        size = sum(map(len, new))
        room -= size
        if room < 0:
            raise _refused(path, f"'{dataset.name}' would grow beyond measure")
        batch = min(2 * batch, LARGEST_BATCH) if size < LONG * len(new) else BATCH
        found += new
    return found


def _refused(path: Path, what: str) -> SkelfuseError:
    return SkelfuseError(
        "not a store as skelfuse makes them", file=path, found=what, remedy=DISTRUST
    )
