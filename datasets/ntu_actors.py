"""From the bodies that a Kinect tracked to the people who act in an NTU RGB+D clip.

Kinect numbers the bodies it sees. It takes a chair for a body, sees ghosts for some frames, loses
people and finds them again under another number. The rules and thresholds below are those of the
preprocessing scripts that published NTU results rest on (get_raw_denoised_data.py of SGN and
CTR-GCN), so that results compare:

1. Motion energy of a body: the variances of x, y and z over all its frames and joints, summed.
2. Only where several bodies are seen: those of at most 11 frames are dropped. Of the rest, those
   wider than 0.8 of their height in a share of at least 0.69754 of their frames are dropped, in
   order of appearance and never the last one; the motion of one that stays is its variance over
   the other frames, where that is less.
3. The bodies, most motion first, become people: each continues the first person whose interval
   (first to last frame) it does not overlap; else it is a further person; beyond `max_persons` it
   is left out. Intervals that share a single frame count as not overlapping.

Where the scripts err, this module does not follow:

- A body that vanishes and comes back keeps its true frames; they move the later part to the front.
- Frames without a body stay, as missing, so that time stays even; they cut them out. Only at both
  ends of a clip are they trimmed: nothing was recorded there.
- Where two intervals share a frame the person's stronger body keeps it; theirs is overwritten.
- The second person's interval begins with its first body; theirs begins at frame 0.
- If no body has more than 11 frames the strongest is kept; they crash.
- A body listed twice in one frame counts once, the first time; they stack both.
- A body whose joints are all exactly 0 was not seen in that frame; it adds nothing to its motion.

A joint that Kinect did not track keeps the place that Kinect guessed: the scripts train on these
guesses, and confidence 0 (1/2 where inferred, 1 where tracked) tells them from the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.ntu_text import Recording
from skelfuse.errors import SkelfuseError
from skelfuse.telling.counted import counted

GHOST_FRAMES = 11  # a body of so few frames is a ghost
WIDE = 0.8  # a frame is implausible if the body is wider than this share of its height
WIDE_SHARE = 0.69754  # a body with this share of implausible frames is furniture


@dataclass(frozen=True, eq=False)
class Actors:
    """The people of a clip, most motion first, and how they were found.

    `coords` is `[T,M,25,3]` in metres, NaN where a person was not seen; `confidence` is
    `[T,M,25]`, 0 there.
    """

    coords: npt.NDArray[np.float32]
    confidence: npt.NDArray[np.float32]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Body:
    number: int
    frames: npt.NDArray[np.intp]  # [L], increasing
    joints: npt.NDArray[np.float32]  # [L,25,3]
    tracking: npt.NDArray[np.uint8]  # [L,25]
    motion: float = 0.0

    def __len__(self) -> int:
        return len(self.frames)

    def __str__(self) -> str:
        return f"body {self.number}, frames {self.frames[0]} to {self.frames[-1]}"


_Person = list[_Body]


def find_actors(recording: Recording, *, max_persons: int = 2, filters: bool = True) -> Actors:
    """Assemble the people of a recording; `filters=False` leaves out the dropping in rule 2.

    A body of number 7 is lost in frame 1 of 3, and goes on as number 8:

    >>> person = np.arange(75, dtype=np.float32).reshape(1, 25, 3)
    >>> found = find_actors(Recording(
    ...     frames=3, frame=np.array([0, 2]), body=np.array([7, 8], dtype=np.uint64),
    ...     joints=np.concatenate([person, person + 1]),
    ...     tracking=np.full((2, 25), 2, dtype=np.uint8)), filters=False)
    >>> found.coords[:, 0, 0, 2]
    array([ 2., nan,  3.], dtype=float32)
    >>> for note in found.notes:
    ...     print(note)
    body 8, frames 2 to 2: continues person 1
    no body in 1 frame in between: kept as missing
    """
    if max_persons < 1:
        raise SkelfuseError(
            "a clip needs people",
            expected="max_persons of at least 1",
            found=max_persons,
            remedy="give --max-persons 1 or more",
        )
    notes: list[str] = []
    bodies = _bodies(recording, notes.append)
    if not bodies:
        raise SkelfuseError(
            "no body in any frame",
            expected=f"a body in one of {recording.frames} frames",
            remedy="list it in --skip-list",
        )
    if len(bodies) > 1:
        bodies = [replace(body, motion=_motion(body.joints)) for body in bodies]
        if filters:
            bodies = _without_ghosts(bodies, notes.append)
            bodies = _without_furniture(bodies, notes.append)
        bodies.sort(key=lambda body: -body.motion)
    people = _people(bodies, max_persons, notes.append)
    return _arrays(people, recording.frames, notes)


def _bodies(recording: Recording, note: Callable[[str], None]) -> list[_Body]:
    """Split a recording by body number, in order of appearance."""
    seen = np.asarray(recording.joints.reshape(-1, 75).any(axis=1))  # [R]
    numbers, first = np.unique(recording.body, return_index=True)
    bodies = []
    for number in numbers[np.argsort(first)]:
        rows = np.flatnonzero(recording.body == number)
        frame = recording.frame[rows]
        again = frame[1:] == frame[:-1]
        if again.any():
            times = counted(int(again.sum()), "time")
            note(f"body {number}: listed {times} more within a frame; the first one was kept")
            rows = rows[np.append(True, ~again)]
        if not seen[rows].all():
            empty = counted(int((~seen[rows]).sum()), "frame")
            note(f"body {number}: all joints are 0 in {empty}; taken as not seen")
            rows = rows[seen[rows]]
        if len(rows):
            frames = recording.frame[rows].astype(np.intp)
            bodies.append(
                _Body(int(number), frames, recording.joints[rows], recording.tracking[rows])
            )
    return bodies


def _motion(joints: npt.NDArray[np.float32]) -> float:
    """Return the motion energy of `[L,25,3]`, in square metres."""
    axes = joints.reshape(-1, 3).T.astype(np.float64, order="C")  # [3,L·25], quick to sum along
    return float(axes.var(axis=1).sum())


def _without_ghosts(bodies: list[_Body], note: Callable[[str], None]) -> list[_Body]:
    kept = [body for body in bodies if len(body) > GHOST_FRAMES]
    if not kept:
        kept = [max(bodies, key=lambda body: body.motion)]
        note(f"{kept[0]}: kept, as no body was seen in more than {GHOST_FRAMES} frames")
    for body in bodies:
        if body not in kept:
            note(f"{body}: dropped, seen in {counted(len(body), 'frame')} (at most {GHOST_FRAMES})")
    return kept


def _without_furniture(bodies: list[_Body], note: Callable[[str], None]) -> list[_Body]:
    left = len(bodies)
    kept = []
    for body in bodies:
        x, y = np.ascontiguousarray(body.joints[..., :2].transpose(2, 0, 1))  # [L,25] each
        wide = np.ptp(x, axis=1).astype(np.float64) > WIDE * np.ptp(y, axis=1).astype(np.float64)
        if left == 1 or not wide.any():
            kept.append(body)
        elif wide.mean() >= WIDE_SHARE:
            left -= 1
            note(
                f"{body}: dropped, too wide for its height in {wide.mean():.0%} of its frames "
                f"(at least {WIDE_SHARE:.0%})"
            )
        else:
            kept.append(replace(body, motion=min(body.motion, _motion(body.joints[~wide]))))
    return kept


def _people(bodies: list[_Body], max_persons: int, note: Callable[[str], None]) -> list[_Person]:
    people: list[_Person] = []
    for body in bodies:
        free = next((person for person in people if _is_free(person, body)), None)
        if free is not None:
            free.append(body)
            note(f"{body}: continues person {people.index(free) + 1}")
        elif len(people) < max_persons:
            people.append([body])
        else:
            kept = counted(max_persons, "person", "people")
            note(f"{body}: left out, seen beside {kept} who moved more")
    return people


def _is_free(person: _Person, body: _Body) -> bool:
    start = min(part.frames[0] for part in person)
    end = max(part.frames[-1] for part in person)
    shared = min(end, body.frames[-1]) - max(start, body.frames[0]) + 1
    return bool(shared <= (1 if len(body) > 1 else 0))


def _arrays(people: list[_Person], frames: int, notes: list[str]) -> Actors:
    start = min(int(body.frames[0]) for person in people for body in person)
    end = max(int(body.frames[-1]) for person in people for body in person) + 1
    T, M = end - start, len(people)
    coords = np.full((T, M, 25, 3), np.nan, dtype=np.float32)
    confidence = np.zeros((T, M, 25), dtype=np.float32)
    taken = np.zeros((T, M), dtype=np.bool_)
    for m, person in enumerate(people):
        for body in person:
            at, joints, tracking = body.frames - start, body.joints, body.tracking
            if taken[at, m].any():
                free = ~taken[at, m]
                at, joints, tracking = at[free], joints[free], tracking[free]
            coords[at, m] = joints
            confidence[at, m] = tracking / np.float32(2)
            taken[at, m] = True
    empty = int((~taken.any(axis=1)).sum())
    if frames > T:
        before, after = counted(start, "frame"), counted(frames - end, "frame")
        notes.append(f"nobody in the first {before} and the last {after}: trimmed")
    if empty:
        notes.append(f"no body in {counted(empty, 'frame')} in between: kept as missing")
    return Actors(coords, confidence, tuple(notes))
