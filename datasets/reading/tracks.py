"""Who is who from frame to frame, and who matters: for formats that list people without saying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip, FloatArray
from skelfuse.clips.most_active import activity, by_activity

Track = dict[int, tuple[FloatArray, FloatArray]]  # frame -> joints [N,D], confidence [N]
FARTHEST = 1.0  # sizes of the body that somebody moves by, at most
NEVER = 1.001  # what a pair further apart costs, however far that is: nobody pays more for it
LATELY = 150  # frames after which somebody who was not seen is gone
FEWEST = 256  # people, those seen last, with whom detections are compared at least
AT_ONCE = 64  # of them, in one piece of memory


def link(frames: Sequence[Sequence[tuple[FloatArray, FloatArray]]]) -> list[Track]:
    """Link each frame's detections `(joints [N,D], confidence [N])` into one track per person.

    In every frame people and detections are matched so that the sum of distances is smallest (the
    Hungarian method); the distance is the mean over joints that both have. Somebody who moved by
    more than his own size since he was last seen is taken for somebody else: such pairs all cost
    the same, so that those who are gone take nobody's place. Compared is with those who were seen
    lately, so that time grows with the frames and not with their square.

    >>> still, seen = np.array([[0.0, 0.0], [0.0, 1.0]]), np.ones(2)
    >>> tracks = link([[(still, seen), (still + 5, seen)], [(still + 5.1, seen), (still, seen)]])
    >>> [track[1][0][0].tolist() for track in tracks]
    [[0.0, 0.0], [5.1, 5.1]]
    """
    from scipy.optimize import linear_sum_assignment  # a third of a second to import

    tracks: list[Track] = []
    lately: list[_Person] = []  # whoever was seen last comes last
    for t, detections in enumerate(frames):
        found = [(joints, sure) for joints, sure in detections if not np.isnan(joints).all()]
        lately = [one for one in lately if t - one.seen <= LATELY][-max(FEWEST, 2 * len(found)) :]
        who_was_it: dict[int, _Person] = {}
        if lately and found:
            poses = np.stack([joints for joints, _ in found]).astype(np.float64)  # [P,N,D]
            cost = _distances(np.stack([one.last for one in lately]), poses)
            possible = cost <= FARTHEST
            near = np.flatnonzero(possible.any(axis=1))  # the others cost the same whatever is done
            matched = linear_sum_assignment(np.where(possible, cost, NEVER)[near])
            for which_near, which in zip(*(part.tolist() for part in matched), strict=True):
                if possible[near[which_near], which]:
                    who_was_it[which] = lately[near[which_near]]
        for which, (joints, sure) in enumerate(found):
            person = who_was_it.get(which)
            if person is None:
                tracks.append({})
                person = _Person(tracks[-1], joints.astype(np.float64), t)
            else:
                lately.remove(person)
                person.last = np.where(np.isnan(joints), person.last, joints)
            person.track[t], person.seen = (joints, sure), t
            lately.append(person)
    return tracks


@dataclass(eq=False)
class _Person:
    track: Track
    last: npt.NDArray[np.float64]  # [N,D], the latest known position of every joint
    seen: int  # the last frame


def _distances(
    last: npt.NDArray[np.float64], poses: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return how far each pose `[P,N,D]` is from each last one `[L,N,D]`, in sizes of the body.

    `[L,P]`; infinite where no joint is known of both.
    """
    sizes = np.maximum(np.maximum(_sizes(last)[:, None], _sizes(poses)[None]), 1e-9)
    found = np.empty((len(last), len(poses)))
    for start in range(0, len(last), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        apart = np.linalg.norm(last[part, None] - poses[None], axis=-1)  # [L,P,N]
        shared = ~np.isnan(apart)
        count = shared.sum(axis=-1)
        mean = np.where(shared, apart, 0).sum(axis=-1) / np.maximum(count, 1)
        found[part] = np.where(count > 0, mean / sizes[part], np.inf)
    return found


def _sizes(poses: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the diagonal of each pose's box, `[P]`; 0 where nothing of it is known."""
    there = np.asarray(~np.isnan(poses).any(axis=-1))  # [P,N]
    high = np.where(there[..., None], poses, -np.inf).max(axis=1)
    low = np.where(there[..., None], poses, np.inf).min(axis=1)
    with np.errstate(invalid="ignore"):
        return np.where(there.any(axis=1), np.linalg.norm(high - low, axis=-1), 0.0)


class LaidOut(NamedTuple):
    """The most active people of a recording, side by side."""

    coords: FloatArray  # [T,M,N,D]
    confidence: FloatArray  # [T,M,N]
    who: list[int]  # which track each person is
    notes: tuple[str, ...]  # on who was left out


def most_active(tracks: Sequence[Track], frames: int, limit: int) -> LaidOut:
    """Lay at most `limit` tracks out over time, the most active person first."""
    ranked = sorted(range(len(tracks)), key=lambda who: -_activity(tracks[who], frames))[:limit]
    first = next(iter(tracks[ranked[0]].values()))[0]
    coords = np.full((frames, len(ranked), *first.shape), np.nan, dtype=np.float32)
    confidence = np.zeros(coords.shape[:3], dtype=np.float32)
    for m, who in enumerate(ranked):
        for t, (joints, sure) in tracks[who].items():
            coords[t, m], confidence[t, m] = joints, sure
    return LaidOut(coords, confidence, ranked, _left_out(len(tracks), len(ranked)))


def _activity(track: Track, frames: int) -> float:
    return activity(np.stack([joints for joints, _ in track.values()])) * len(track) / frames


def keep_most_active(clip: Clip, limit: int) -> Clip:
    """Keep at most `limit` of a clip's people, the most active first.

    Those who are never there are dropped.

    >>> from skelfuse.skeleton import Skeleton
    >>> dot = Skeleton("dot", ("a",), (), "a", dimensions=2)
    >>> seen = np.zeros((2, 3, 1, 2)); seen[1, 1] = 4; seen[:, 2] = np.nan
    >>> clip = keep_most_active(Clip(seen, dot, name="c", people=("x", "y", "z")), limit=1)
    >>> clip.coords[:, 0, 0, 0].tolist(), clip.people, clip.notes
    ([0.0, 4.0], ('y',), ('1 of 2 persons left out, the least active',))
    """
    ranked = by_activity(clip.coords)
    # A clip has at least one person, even one whom nobody saw.
    kept = ranked[:limit] if len(ranked) else np.array([0])
    return clip.of(kept).noted(*_left_out(len(ranked), len(kept)))


def _left_out(present: int, kept: int) -> tuple[str, ...]:
    gone = present - kept
    return (f"{gone} of {present} persons left out, the least active",) if gone > 0 else ()
