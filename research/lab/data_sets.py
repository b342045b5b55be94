"""The data sets of the accuracy experiments: from a raw archive, or a store, to its parts."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from research.lab.rows import locked
from skelfuse.configs import find
from skelfuse.datasets.preprocess import PreprocessOptions, find_sources, preprocess
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.datasets.synth.dataset import write_dataset
from skelfuse.datasets.workers import usable_cores
from skelfuse.store import Store

Indices = npt.NDArray[np.intp]
TUNED = Path(__file__).resolve().parent / "tuned"  # configurations made by hand, one a data set


@dataclass(frozen=True)
class RealSet:
    """A data set: its raw file, what else its store may be called, and how it is evaluated."""

    name: str
    title: str
    raw: str  # in the data folder; "" where skelfuse makes the data itself
    short: str  # another name of its store
    config: str  # in `TUNED`, or the shipped one of this name
    protocols: tuple[str, ...]  # figures are means over them
    clean: bool = False  # has test clips that are in the training part as well
    apart: str = ""  # what parts of its training clips differ in, and how many, e.g. "subject of 2"
    settings: tuple[str, ...] = ()  # as for --set, where it is not to be run as it was tuned

    @property
    def recipe(self) -> Path:
        """The file of its configuration."""
        tuned = TUNED / f"{self.config}.yaml"
        return tuned if tuned.exists() else find(self.config)


SETS = {
    data.name: data
    for data in (
        RealSet(
            "utd-mhad",
            "UTD-MHAD",
            "utd-mhad.tar.xz",
            "utd",
            "utd_mhad",
            ("utd-mhad",),
            apart="subject of 2",
        ),
        RealSet(
            "nw-ucla",
            "NW-UCLA",
            "nw-ucla.tar.xz",
            "ucla",
            "nw_ucla",
            ("nw-ucla-xview",),
            True,
            "camera of 2",
        ),
        RealSet(
            "jhmdb",
            "JHMDB, 14 classes",
            "jhmdb14.npz",
            "jhmdb14",
            "jhmdb",
            ("split1", "split2", "split3"),
            apart="block of 3",
        ),
        RealSet(
            "penn-action", "Penn Action", "penn-action.tar.xz", "penn", "penn_action", ("official",)
        ),
        RealSet(
            "sbu",
            "SBU Kinect Interaction",
            "sbu.tar.xz",
            "sbu",
            "sbu",
            tuple(f"sbu-fold{fold}" for fold in range(1, 6)),
            apart="subject of 3",
        ),
        RealSet("synth", "Synthetic", "", "synth", "synth", ("ntu60-xsub",)),
    )
}
REAL = tuple(name for name, data in SETS.items() if data.raw)
INNER = tuple(name for name, data in SETS.items() if data.apart)


def inner(data: RealSet) -> RealSet:
    """Return the set as it is to choose by: each part of its training clips tests the others.

    >>> inner(SETS["utd-mhad"]).protocols
    ('utd-mhad~subject 1 of 2', 'utd-mhad~subject 2 of 2')
    """
    kind, _, count = data.apart.split()
    parts = range(1, int(count) + 1)
    first = data.protocols[0]
    protocols = tuple(f"{first}~{kind} {part} of {count}" for part in parts)
    return replace(data, protocols=protocols, clean=False)


def store_of(data: RealSet, folder: Path, work: Path) -> Store | None:
    """Open a set's store, made of its raw file where there is none; None where there is neither."""
    for path in _stores(data, folder, work):
        if path.exists():
            return Store(path)
    if not is_there(data, folder, work):
        return None
    with locked(work / "stores" / f"{data.name}.lock"):
        if not path.exists():  # another process may have made it meanwhile
            _make(data, folder, work, path)
    return Store(path)


def is_there(data: RealSet, folder: Path, work: Path) -> bool:
    raw = not data.raw or (folder / data.raw).exists()
    return raw or any(path.exists() for path in _stores(data, folder, work))


def _stores(data: RealSet, folder: Path, work: Path) -> list[Path]:
    """Return where a set's store may be; the last is where it is made."""
    given = [folder / f"{name}.h5" for name in (data.name, data.short)]
    return [*given, work / "stores" / f"{data.name}.h5"]


def _make(data: RealSet, folder: Path, work: Path, out: Path) -> None:
    source, raw = folder / data.raw, work / "raw" / data.name
    if not data.raw:
        write_dataset(raw, jobs=usable_cores())
        source = raw
    elif tarfile.is_tarfile(source):
        shutil.rmtree(raw, ignore_errors=True)
        with tarfile.open(source) as tar:
            tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2 has none
            tar.extractall(raw)
        source = raw
    options = PreprocessOptions()
    outcome = preprocess(find_sources([source], options), out, options, jobs=usable_cores())
    if outcome.error:
        raise outcome.error
    shutil.rmtree(raw, ignore_errors=True)


def parts_of(store: Store, protocol: str) -> dict[str, Indices]:
    """Return the training and test clips of a protocol, or of one of `inner`."""
    within = re.fullmatch(r"(.+)~(\w+) (\d+) of (\d+)", protocol)
    if within is None:
        return split(clip_table(store), protocol)
    train = split(clip_table(store), within[1])["train"]
    part = _part_numbers(store, train, within[2], int(within[4]))
    mine = part == int(within[3]) - 1
    return {"train": train[~mine], "test": train[mine]}


def _part_numbers(store: Store, train: Indices, kind: str, count: int) -> Indices:
    """Return each training clip's part: by its subject or camera, or its place in its class.

    Neighbouring clips of a class may be of one video, so blocks of them stay together.
    """
    if kind == "block":
        part = np.empty(len(train), np.intp)
        for label in np.unique(store.labels[train]):
            own = np.flatnonzero(store.labels[train] == label)
            part[own] = np.arange(len(own)) * count // len(own)
        return part
    values = store.subjects if kind == "subject" else store.cameras
    order = sorted({str(values[i]) for i in train})
    return np.array([order.index(str(values[i])) % count for i in train], np.intp)


def without_copies(store: Store, parts: dict[str, Indices]) -> Indices:
    """Return the test clips whose coordinates are not those of a training clip."""
    seen = {_recorded(store, int(i)) for i in parts["train"]}
    return np.array([i for i in parts["test"] if _recorded(store, int(i)) not in seen], np.intp)


def fewer(store: Store, train: Indices, share: float, seed: int) -> Indices:
    """Return about `share` of the training clips: of whole subjects, as long as one is enough.

    Where subjects are not known, or a share is less than one of them, every class gives its share
    of (that subject's) clips, and at least one.
    """
    if share >= 1:
        return train
    draw = np.random.default_rng([seed, round(1000 * share)])
    people = sorted({str(store.subjects[i]) for i in train if store.subjects[i] is not None})
    wanted = share * len(train)
    if people:
        chosen = set(draw.permutation(people)[: max(1, round(share * len(people)))].tolist())
        train = np.array([i for i in train if str(store.subjects[i]) in chosen], np.intp)
        if share * len(people) >= 0.75:  # rounds to whole subjects
            return train
    kept: list[int] = []
    for label in np.unique(store.labels[train]):
        own = draw.permutation(train[store.labels[train] == label])
        kept += own[: max(1, round(wanted / len(train) * len(own)))].tolist()
    return np.sort(np.array(kept, np.intp))


def _recorded(store: Store, i: int) -> str:
    return hashlib.sha256(np.ascontiguousarray(store.coords(i)).data).hexdigest()
