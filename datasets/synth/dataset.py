"""The data set: which clips there are, and their files, written in parallel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from skelfuse.datasets.synth.actions import ACTIONS
from skelfuse.datasets.synth.performance import ClipPlan
from skelfuse.datasets.synth.sensor import CAMERA_YAWS, SETUPS, render
from skelfuse.datasets.synth.skeleton_file import skeleton_text
from skelfuse.datasets.synth.subjects import SUBJECTS
from skelfuse.datasets.workers import in_order
from skelfuse.errors import SkelfuseError
from skelfuse.files import is_leftover, remove_leftovers, write_text

CLASS_NAMES = "class_names.txt"
NOISIEST = 10  # at which a guessed joint is half a metre off
_MADE_BY = ".synth"  # what the folder was made with, so that a broken-off run can be finished
_GENERATION = 1  # raised whenever the same seed gives other clips than before


def plan_clips(clips: int, classes: int = len(ACTIONS), seed: int = 0) -> list[ClipPlan]:
    """Plan a data set: classes, subjects, cameras, setups and replications, all of them evenly.

    Three clips in a row are one performance before the three cameras.

    >>> [plan.name for plan in plan_clips(clips=4, classes=2)]
    ['S001C001P001R001A001', 'S001C002P001R001A001', 'S001C003P001R001A001', 'S004C001P008R001A002']
    """
    _check(clips, classes, seed)
    plans = []
    for clip in range(clips):
        performance, camera = divmod(clip, len(CAMERA_YAWS))
        turn, action = divmod(performance, classes)
        again, step = divmod(turn, SUBJECTS)
        subject = (step + 7 * action) % SUBJECTS  # 7 and 40 share no factor: all meet all
        elsewhere, second = divmod(again, 2)
        other_way = (subject // 4 + action + second) % 2  # both ways to face, from the start
        more, shift = divmod(elsewhere, len(SETUPS))
        plans.append(
            ClipPlan(
                action=ACTIONS[action].name,
                subject=subject + 1,
                camera=camera + 1,
                setup=(subject // 2 + shift) % len(SETUPS) + 1,
                replication=other_way + 2 * more + 1,
                seed=seed,
                performance=performance,
                clip=clip,
            )
        )
    return plans


def class_names(classes: int = len(ACTIONS)) -> str:
    r"""Return the text of class_names.txt: one line per class.

    >>> class_names(2)
    'A001 wave\nA002 kick\n'
    """
    chosen = enumerate(ACTIONS[:classes], 1)
    return "".join(f"A{number:03d} {action.name}\n" for number, action in chosen)


def write_dataset(
    out: str | Path,
    *,
    clips: int = 2400,
    classes: int = len(ACTIONS),
    seed: int = 0,
    noise: float = 1.0,
    jobs: int = 1,
    progress: Callable[[int], object] = lambda _: None,
) -> list[Path]:
    """Write the clips' `.skeleton` files and class_names.txt; tell `progress` how many are there.

    The bytes depend on `seed`, `noise` and a clip's number alone, not on `jobs`. A folder that
    holds anything else is refused; one that the same call left unfinished is finished.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [path.name for path in write_dataset(folder, clips=2, classes=2)]
    ['S001C001P001R001A001.skeleton', 'S001C002P001R001A001.skeleton']
    """
    plans = plan_clips(clips, classes, seed)
    if not 0 <= noise <= NOISIEST:
        raise SkelfuseError("noise out of range", expected=f"0 to {NOISIEST}", found=noise)
    if jobs < 1:
        raise SkelfuseError("jobs out of range", expected="at least 1", found=jobs)
    folder = Path(out)
    noise = float(noise)
    made_by = (
        f"skelfuse synth --clips {clips} --classes {classes} --seed {seed} --noise {noise!r} "
        f"(generation {_GENERATION})\n"
    )
    _open_folder(folder, made_by, {_file(folder, plan).name for plan in plans})
    write_text(folder / CLASS_NAMES, class_names(classes), what="the classes' names")
    missing = [plan for plan in plans if not _file(folder, plan).exists()]
    done = len(plans) - len(missing)
    progress(done)
    for _ in in_order(partial(_write_clip, folder, noise), missing, jobs=jobs):
        done += 1
        progress(done)
    return [_file(folder, plan) for plan in plans]


def _check(clips: int, classes: int, seed: int) -> None:
    if not 2 <= classes <= len(ACTIONS):
        raise SkelfuseError(
            "number of classes out of range", expected=f"2 to {len(ACTIONS)}", found=classes
        )
    most = classes * SUBJECTS * len(SETUPS) * 998 * len(CAMERA_YAWS)
    if not 1 <= clips <= most:
        raise SkelfuseError("number of clips out of range", expected=f"1 to {most:,}", found=clips)
    if seed < 0:
        raise SkelfuseError("seed out of range", expected="0 or more", found=seed)


def _open_folder(folder: Path, made_by: str, expected: set[str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        present = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise SkelfuseError(
            f"cannot write there: {error.strerror}", file=folder, remedy="choose another folder"
        ) from None
    mark = folder / _MADE_BY
    if (
        _MADE_BY in present
        and (before := mark.read_text(encoding="ascii", errors="replace")) != made_by
    ):
        raise SkelfuseError(
            "the folder holds another data set",
            file=folder,
            expected=made_by.strip(),
            found=before.strip(),
            remedy="choose another folder",
        )
    ours = {_MADE_BY, CLASS_NAMES, *expected} if _MADE_BY in present else {_MADE_BY}
    foreign = sorted(name for name in present if name not in ours and not is_leftover(name))
    if foreign:
        others = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise SkelfuseError(
            "the folder holds other files",
            file=folder,
            expected="a new or empty folder",
            found=f"{foreign[0]}{others}",
            remedy="choose another folder, or clear this one yourself",
        )
    remove_leftovers(folder)
    write_text(mark, made_by, what="how the data are made")


def _write_clip(folder: Path, noise: float, plan: ClipPlan) -> None:
    write_text(_file(folder, plan), skeleton_text(render(plan, noise)), what="the clip")


def _file(folder: Path, plan: ClipPlan) -> Path:
    return folder / f"{plan.name}.skeleton"
