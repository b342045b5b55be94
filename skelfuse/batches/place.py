"""Where clips stand, which way they face and how large they are: measured once, then undone.

The rules are those of `skelfuse.clips.view`, for many clips at once: all is measured on the first
person (the next one where the first never shows enough), on joints that were really seen, and
done to all persons and frames of the clip alike. Where nobody ever shows enough, what is seen of
a body has to do (see `torso`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from skelfuse.batches.sampling import Sampling
from skelfuse.batches.torso import lengths_of, likely_centre, part_of_torso, whole_torso
from skelfuse.batches.tracks import Owners, Tracks
from skelfuse.clips.view import UNUSABLE
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton


class Placement(NamedTuple):
    """What is undone of each clip; None where nothing is."""

    origin: Tensor | None  # [C,D]
    turn: Tensor | None  # [C,D,D], its rows are the new axes
    size: Tensor | None  # [C]


def check_placement(sampling: Sampling, skeleton: Skeleton) -> None:
    """Raise where a skeleton lacks the joints that a view is made out by."""
    if sampling.align and skeleton.dimensions == 3 and not any(skeleton.torso):
        raise SkelfuseError(
            f"aligning the view needs hips and shoulders, and skeleton '{skeleton.name}' has none",
            remedy="name them in the layout (hips, shoulders), or leave sampling.align off",
        )


def measured(tracks: Tracks, owners: Owners, skeleton: Skeleton, sampling: Sampling) -> Placement:
    """Measure all clips of `tracks`, before their gaps are filled."""
    origin = turn = size = None
    if sampling.centre or sampling.align:
        centre = _mean(tracks.coords, skeleton.centre_indices)  # [R,D]
        origin = _origins(tracks, owners, centre, skeleton)
        if sampling.align and skeleton.dimensions == 3:
            origin, turn = _views(tracks, owners, centre, origin, skeleton)
    if sampling.scale:
        size = _sizes(tracks, owners, skeleton)
    return Placement(origin, turn, size)


def placed(tracks: Tracks, owners: Owners, placement: Placement) -> Tracks:
    """Return the tracks moved, turned and scaled; `R·N` positions each get their clip's."""
    coords, clip = tracks.coords, owners.clip
    if placement.origin is not None:
        coords = coords - placement.origin[clip][:, None]
    if placement.turn is not None:
        axes = placement.turn[clip][:, None]  # [R,1,D,D]
        coords = sum(
            (coords[..., d : d + 1] * axes[..., d] for d in range(1, coords.shape[-1])),
            coords[..., :1] * axes[..., 0],
        )
    if placement.size is not None:
        coords = coords / placement.size[clip][:, None, None]
    return tracks._replace(coords=coords)


def _mean(coords: Tensor, joints: tuple[int, ...]) -> Tensor:
    """Return the mean of some joints, `[R,D]`; NaN where one of them is."""
    return coords[:, list(joints)].mean(dim=1)


def _first_of(usable: Tensor, clip: Tensor, clips: int) -> tuple[Tensor, Tensor]:
    """Return the first usable row or track of each clip, and whether there is one; both `[C]`.

    `usable [R]` are rows or tracks, and `clip [R]` whose they are. Where there is none it is 0.
    """
    R = len(usable)
    row = torch.where(usable, torch.arange(R, device=usable.device), R)
    first = torch.full((clips,), R, device=usable.device)
    first = first.scatter_reduce(0, clip, row, "amin")
    return torch.where(first < R, first, 0), first < R


def _origins(tracks: Tracks, owners: Owners, centre: Tensor, skeleton: Skeleton) -> Tensor:
    """Return the first centre seen `[C,D]`, or about where it is in the first frame that counts."""
    first, known = _first_of(~centre.isnan().any(dim=1), owners.clip, len(tracks.frames))
    origin = centre[first]
    if not bool(known.all()):
        likely = likely_centre(tracks.coords, tracks.seen, skeleton)
        first, some = _first_of(tracks.seen.any(dim=1), owners.clip, len(tracks.frames))
        otherwise = torch.where(some[:, None], likely[first], 0.0)
        origin = torch.where(known[:, None], origin, otherwise)
    return origin


def _views(
    tracks: Tracks, owners: Owners, centre: Tensor, origin: Tensor, skeleton: Skeleton
) -> tuple[Tensor, Tensor]:
    """Return the origin `[C,3]` and the axes `[C,3,3]` of the first body whose view is clear."""
    C = len(tracks.frames)
    axes, clear = _axes(*whole_torso(tracks.coords, skeleton))
    first, known = _first_of(clear & ~centre.isnan().any(dim=1), owners.clip, C)
    origin = torch.where(known[:, None], centre[first], origin)
    turn = axes[first]
    if not bool(known.all()):
        likely = likely_centre(tracks.coords, tracks.seen, skeleton)
        axes, clear = _axes(*part_of_torso(tracks.coords, skeleton))
        first, partly = _first_of(clear, owners.clip, C)
        as_it_is = torch.eye(3, device=axes.device)
        otherwise = torch.where(partly[:, None, None], axes[first], as_it_is)
        turn = torch.where(known[:, None, None], turn, otherwise)
        origin = torch.where((partly & ~known)[:, None], likely[first], origin)
    return origin, turn


def _axes(up: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
    """Return the axes `[R,3,3]` of bodies that stand and face so, and where they are clear."""
    height = up.norm(dim=1, keepdim=True)
    y = up / height
    across = side - (side * y).sum(dim=1, keepdim=True) * y  # nothing, for a body seen edge-on
    width = across.norm(dim=1, keepdim=True)
    x = across / width
    smallest = UNUSABLE * (height + side.norm(dim=1, keepdim=True))
    clear = ((height > smallest) & (width > smallest))[:, 0]
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=1), clear


def _sizes(tracks: Tracks, owners: Owners, skeleton: Skeleton) -> Tensor:
    """Return the median length `[C]` of the torso, or of what tells most about it."""
    C = len(tracks.frames)
    size = torch.zeros(C, device=tracks.coords.device)
    for lengths in lengths_of(tracks.coords, skeleton):
        size = torch.where(size > 0, size, _first_median(lengths, owners, C))
        if bool((size > 0).all()):
            return size
    return torch.where(size > 0, size, 1.0)


def _first_median(lengths: Tensor, owners: Owners, clips: int) -> Tensor:
    """Return the median of `lengths [R,K]` of each clip's first person who has any, `[C]`.

    Only lengths above 0 count (NaN is not); a clip without one gives 0.
    """
    tracks = len(owners.clip_of_track)
    known = lengths > 0
    values, track = lengths[known], owners.track[:, None].expand_as(lengths)[known]
    if not len(values):
        return lengths.new_zeros(clips)
    order = values.argsort()
    order = order[track[order].argsort(stable=True)]  # by track, and by length within it
    values = values[order]
    count = torch.bincount(track, minlength=tracks)
    begin = count.cumsum(0) - count
    lower = (begin + (count - 1).clamp_min(0) // 2).clamp_max(len(values) - 1)
    upper = (begin + count // 2).clamp_max(len(values) - 1)
    median = torch.where(count > 0, (values[lower] + values[upper]) / 2, 0.0)
    first, known = _first_of(count > 0, owners.clip_of_track, clips)
    return torch.where(known, median[first], 0.0)
