"""The rule of each evaluation protocol: from the columns of a table of clips to its parts.

Sources: the NTU RGB+D and NTU RGB+D 120 papers (subjects, cameras, setups), the NW-UCLA, UTD-MHAD
and MSR Action3D papers, and the pairs of the five folds that come with SBU Kinect Interaction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skelfuse.errors import SkelfuseError

IntArray = npt.NDArray[np.intp]
Masks = dict[str, npt.NDArray[np.bool_]]  # part -> [n], True for the clips in it
Column = Sequence[str | None]

NTU60_SETUPS = range(1, 18)
NTU120_SETUPS = range(1, 33)
NTU60_TRAIN_SUBJECTS = (1, 2, 4, 5, 8, 9, *range(13, 20), 25, 27, 28, 31, 34, 35, 38)
NTU120_TRAIN_SUBJECTS = (
    *NTU60_TRAIN_SUBJECTS,
    *(45, 46, 47, 49, 50, *range(52, 60), 70, 74, 78, *range(80, 87)),
    *(89, *range(91, 96), 97, 98, 100, 103),
)
SBU_FOLDS = (
    ("s01s02", "s03s04", "s05s02", "s06s04"),
    ("s02s03", "s02s07", "s03s05", "s05s03"),
    ("s01s03", "s01s07", "s07s01", "s07s03"),
    ("s02s01", "s02s06", "s03s02", "s03s06"),
    ("s04s02", "s04s03", "s04s06", "s06s02", "s06s03"),
)


@dataclass(frozen=True, eq=False)
class ClipTable:
    """What protocols need to know of n clips: columns of length n, None where unknown.

    Subjects, cameras and setups may have letters before their number: "3", "s03" and "P003" are
    the same to a protocol that counts.
    """

    names: Sequence[str]
    labels: npt.NDArray[np.integer]
    subjects: Column
    cameras: Column
    setups: Column
    replications: Column
    splits: Sequence[Mapping[str, str]]  # what a clip's own file says: protocol -> part
    recordings: Sequence[str] = ()  # that clips were cut from; none where each is one of its own

    def __post_init__(self) -> None:
        if not self.recordings:
            object.__setattr__(self, "recordings", self.names)
        lengths = {name: len(getattr(self, name)) for name in self.__dataclass_fields__}
        assert len(set(lengths.values())) == 1, f"columns of different length: {lengths}"


def _numbers(table: ClipTable, what: str) -> IntArray:
    column: Column = getattr(table, f"{what}s")
    found = [re.fullmatch(r"[^\W\d]*(\d{1,9})", value or "", re.ASCII) for value in column]
    if not all(found):
        raise SkelfuseError(lacking(table, f"{what} number", [number is None for number in found]))
    return np.array([int(number[1]) for number in found if number], dtype=np.intp)


def lacking(table: ClipTable, what: str, without: Sequence[bool]) -> str:
    """Say that a protocol needs something which some clips do not have."""
    first, count = list(without).index(True), sum(without)
    others = f" and {count - 1} more have" if count > 1 else " has"
    return f"it needs a {what} for every clip; '{table.names[first]}'{others} none"


def lacks_subjects(table: ClipTable) -> str | None:
    """Say why no protocol by subject fits; None where nothing is in the way of one.

    >>> unknown = [None] * 3
    >>> lacks_subjects(ClipTable(names=list("abc"), labels=np.arange(3), subjects=["1", "2", None],
    ...                          cameras=unknown, setups=unknown, replications=unknown,
    ...                          splits=[{}] * 3))
    "it needs a subject for every clip; 'c' has none"
    """
    without = [subject is None for subject in table.subjects]
    if any(without):
        return lacking(table, "subject", without)
    if len(set(table.subjects)) < 2:
        return "it needs two subjects or more"
    return None


def in_number_order(text: str) -> list[tuple[int, int, str]]:
    """Return a sorting key that puts "s2" before "s10".

    >>> sorted(["s10", "s2", "Ann"], key=in_number_order)
    ['Ann', 's2', 's10']
    """
    parts = re.findall(r"\d+|\D+", text, re.ASCII)
    return [(0, int(part), "") if part[0].isdecimal() else (1, 0, part) for part in parts]


def _ntu_setups(table: ClipTable, setups: range) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    setup = _numbers(table, "setup")
    if setups == NTU120_SETUPS and setup.max(initial=0) <= NTU60_SETUPS[-1]:
        raise SkelfuseError("it needs NTU-120's setups, 18 to 32, and no clip has one")
    return setup, np.isin(setup, setups)


def _cross_subject(setups: range, subjects: tuple[int, ...]) -> Callable[[ClipTable], Masks]:
    def masks(table: ClipTable) -> Masks:
        among = _ntu_setups(table, setups)[1]
        train = np.isin(_numbers(table, "subject"), subjects)
        return {"train": among & train, "test": among & ~train}

    return masks


def _ntu60_cross_view(table: ClipTable) -> Masks:
    among = _ntu_setups(table, NTU60_SETUPS)[1]
    camera = _numbers(table, "camera")
    return {"train": among & np.isin(camera, (2, 3)), "test": among & (camera == 1)}


def _ntu120_cross_setup(table: ClipTable) -> Masks:
    setup, among = _ntu_setups(table, NTU120_SETUPS)
    return {"train": among & (setup % 2 == 0), "test": among & (setup % 2 == 1)}


def _nw_ucla_cross_view(table: ClipTable) -> Masks:
    _refuse_ntu(table)
    camera = _numbers(table, "camera")
    return {"train": np.isin(camera, (1, 2)), "test": camera == 3}


def _odd_even(table: ClipTable) -> Masks:
    _refuse_ntu(table)
    odd = _numbers(table, "subject") % 2 == 1
    return {"train": odd, "test": ~odd}


def _refuse_ntu(table: ClipTable) -> None:
    # NTU's cameras and subjects are numbered too, but its protocols divide them otherwise.
    if any(setup is not None for setup in table.setups):
        raise SkelfuseError("it is not for recordings in several setups, as NTU's are")


def _sbu(fold: int) -> Callable[[ClipTable], Masks]:
    def masks(table: ClipTable) -> Masks:
        strange = {str(pair) for pair in table.subjects} - {pair for f in SBU_FOLDS for pair in f}
        if strange:
            raise SkelfuseError(f"it needs the pairs of SBU as subjects; '{min(strange)}' is none")
        test = np.isin(np.array(table.subjects, dtype=np.str_), SBU_FOLDS[fold])
        return {"train": ~test, "test": test}

    return masks


def named_in_files(table: ClipTable) -> list[str]:
    """Return the names of the splits that the clips' own files bring."""
    return sorted({protocol for clip in table.splits for protocol in clip})


def from_files(table: ClipTable, protocol: str) -> Masks:
    """Return the parts of a split that files bring; clips that do not name it are in none.

    Where nothing is called "test", "val" is: some sets name the part so that they test on.
    """
    part = np.array([clip.get(protocol, "") for clip in table.splits], dtype=np.str_)
    masks = {name: part == name for name in sorted({*part.tolist()} - {"", "train", "test"})}
    masks = {"train": part == "train", "test": part == "test"} | masks
    if not masks["test"].any() and "val" in masks:
        masks["test"] = masks.pop("val")
    return masks


PROTOCOLS: dict[str, Callable[[ClipTable], Masks]] = {
    "ntu60-xsub": _cross_subject(NTU60_SETUPS, NTU60_TRAIN_SUBJECTS),
    "ntu60-xview": _ntu60_cross_view,
    "ntu120-xsub": _cross_subject(NTU120_SETUPS, NTU120_TRAIN_SUBJECTS),
    "ntu120-xset": _ntu120_cross_setup,
    "nw-ucla-xview": _nw_ucla_cross_view,
    "odd-even": _odd_even,
    **{f"sbu-fold{fold + 1}": _sbu(fold) for fold in range(len(SBU_FOLDS))},
}
ALIASES = {"utd-mhad": "odd-even", "msr-action3d": "odd-even"}
