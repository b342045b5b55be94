"""Who is who from frame to frame, and who matters: for formats that list people without saying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from skelfuse.clip import FloatArray
from skelfuse.most_active import activity, by_activity

Track = dict[int, tuple[FloatArray, FloatArray]]  # frame -> joints [N,D], confidence [N]
FARTHEST = 1.0  # sizes of the body that somebody moves by, at most
NEVER = 1.001  # what a pair further apart costs, however far that is: nobody pays more for it


@dataclass
class _Person:
    last: FloatArray  # [N,D], the latest known position of every joint
    track: Track = field(default_factory=dict)


def link(frames: Sequence[Sequence[tuple[FloatArray, FloatArray]]]) -> list[Track]:
    """Link each frame's detections `(joints [N,D], confidence [N])` into one track per person.

    In every frame people and detections are matched so that the sum of distances is smallest (the
    Hungarian method); the distance is the mean over joints that both have. Somebody who moved by
    more than his own size since he was last seen is taken for somebody else: such pairs all cost
    the same, so that those who are gone take nobody's place.

    >>> still, seen = np.array([[0.0, 0.0], [0.0, 1.0]]), np.ones(2)
    >>> tracks = link([[(still, seen), (still + 5, seen)], [(still + 5.1, seen), (still, seen)]])
    >>> [track[1][0][0].tolist() for track in tracks]
    [[0.0, 0.0], [5.1, 5.1]]
    """
    from scipy.optimize import linear_sum_assignment  # a third of a second to import

    people: list[_Person] = []
    for t, detections in enumerate(frames):
        found = [(joints, sure) for joints, sure in detections if not np.isnan(joints).all()]
        new = set(range(len(found)))
        if people and found:
            poses = np.stack([joints for joints, _ in found])  # [P,N,D]
            cost = np.stack([_distances(person.last, poses) for person in people])
            possible = cost <= FARTHEST
            matched = np.stack(linear_sum_assignment(np.where(possible, cost, NEVER)), axis=1)
            for who, which in matched.tolist():
                if possible[who, which]:
                    _see(people[who], t, *found[which])
                    new.discard(which)
        for which in sorted(new):
            people.append(_Person(found[which][0].copy()))
            _see(people[-1], t, *found[which])
    return [person.track for person in people]


def _see(person: _Person, t: int, joints: FloatArray, confidence: FloatArray) -> None:
    person.track[t] = (joints, confidence)
    person.last = np.where(np.isnan(joints), person.last, joints)


def _distances(last: FloatArray, poses: FloatArray) -> FloatArray:
    """Return how far each pose `[P,N,D]` is from the last, in sizes of the body; inf if unknown."""
    last, poses = last.astype(np.float64), poses.astype(np.float64)  # float32 squares to infinity
    apart = np.linalg.norm(poses - last, axis=-1)  # [P,N]
    shared = ~np.isnan(apart)
    mean = np.where(shared, apart, 0).sum(axis=-1) / np.maximum(shared.sum(axis=-1), 1)
    size = np.array([max(_size(last), _size(pose), 1e-9) for pose in poses])
    return np.where(shared.any(axis=-1), mean / size, np.inf)


def _size(joints: FloatArray) -> float:
    seen = joints[~np.isnan(joints).any(axis=-1)]
    return float(np.linalg.norm(np.ptp(seen, axis=0))) if len(seen) else 0.0


def most_active(
    tracks: Sequence[Track], frames: int, limit: int
) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Lay at most `limit` tracks out as `[T,M,N,D]` and `[T,M,N]`, the most active person first.

    Also returns a note if somebody was left out.
    """
    ranked = sorted(range(len(tracks)), key=lambda who: -_activity(tracks[who], frames))[:limit]
    first = next(iter(tracks[ranked[0]].values()))[0]
    coords = np.full((frames, len(ranked), *first.shape), np.nan, dtype=np.float32)
    confidence = np.zeros(coords.shape[:3], dtype=np.float32)
    for m, who in enumerate(ranked):
        for t, (joints, sure) in tracks[who].items():
            coords[t, m], confidence[t, m] = joints, sure
    return coords, confidence, _left_out(len(tracks), len(ranked))


def _activity(track: Track, frames: int) -> float:
    return activity(np.stack([joints for joints, _ in track.values()])) * len(track) / frames


def keep_most_active(
    coords: FloatArray, confidence: FloatArray | None, limit: int
) -> tuple[FloatArray, FloatArray | None, tuple[str, ...]]:
    """Keep at most `limit` of the persons of `[T,M,N,D]`, the most active first.

    Those who are never there are dropped.

    >>> seen = np.zeros((2, 3, 1, 2)); seen[1, 1] = 4; seen[:, 2] = np.nan
    >>> coords, _, notes = keep_most_active(seen, None, limit=1)
    >>> coords[:, 0, 0, 0].tolist(), notes
    ([0.0, 4.0], ('1 of 2 persons left out, the least active',))
    """
    ranked = by_activity(coords)
    # A clip has at least one person, even one whom nobody saw.
    kept = ranked[:limit] if len(ranked) else np.array([0])
    sure = None if confidence is None else confidence[:, kept]
    return coords[:, kept], sure, _left_out(len(ranked), len(kept))


def _left_out(present: int, kept: int) -> tuple[str, ...]:
    gone = present - kept
    return (f"{gone} of {present} persons left out, the least active",) if gone > 0 else ()
