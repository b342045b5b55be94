"""Voters that are given one kind of feature each, and so err differently."""

from __future__ import annotations

import torch
from torch import Tensor

from skelfuse.models.relations import Distances
from skelfuse.models.sizes import Size
from skelfuse.models.streams import MotionStreams


def features_given(size: Size, streams: MotionStreams, distances: Distances | None) -> Tensor:
    """Return which of F features each of the voters' channels is given, `[V·C,F]`.

    The first is given the joints and how they lie to a partner, the second the bones, the third
    the distances. The last one, and all beyond the third, are given everything.

    >>> from skelfuse.layouts import KINECT_V2
    >>> three = Size(channels=1, width=8, dilations=(1,), voters=3)
    >>> features_given(three, MotionStreams(KINECT_V2, None), None).int().tolist()
    [[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], [1, 1, 1, 1, 1, 1]]
    """
    plain, moving = streams.plain_channels, streams.out_channels
    count = moving + (0 if distances is None else distances.out_channels)
    each = plain // len(streams.names)
    bones = slice(each, 2 * each)
    joints = torch.ones(count, dtype=torch.bool)
    joints[bones] = joints[moving:] = False
    kinds = [joints, torch.zeros_like(joints)]
    kinds[1][bones] = True
    if distances is not None:
        kinds.append(torch.arange(count) >= moving)
    given = torch.ones(size.voters, count, dtype=torch.bool)
    for voter, kind in zip(range(size.voters - 1), kinds, strict=False):
        given[voter] = kind
    return given.repeat_interleave(size.channels, dim=0)
