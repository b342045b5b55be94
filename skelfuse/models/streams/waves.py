"""Where a joint is and when, written as waves."""

from __future__ import annotations

import torch
from torch import Tensor

from skelfuse.layers.fourier_features import FourierFeatures
from skelfuse.layers.spans import span_of
from skelfuse.models.persons import Bodies
from skelfuse.models.streams.stream import Signals, Stream
from skelfuse.skeleton import Skeleton


class Waves(Stream):
    """A cosine and a sine of place and time together, for `count` Gaussian frequencies.

    Time runs from 0 at a clip's first frame to 1 at its last (`FourierFeatures`).

    >>> from skelfuse.layouts import KINECT_V2
    >>> Waves(KINECT_V2, count=8).names[-1]
    'wave 7 of place and time, sine'
    """

    follows_motion = False

    def __init__(self, skeleton: Skeleton, *, count: int = 8, sigma: float = 1.0) -> None:
        super().__init__(skeleton)
        self.features = FourierFeatures(skeleton.dimensions + 1, count, sigma)
        self.names = tuple(
            f"wave {number} of place and time, {part}"
            for part in ("cosine", "sine")
            for number in range(count)
        )

    def forward(self, bodies: Bodies) -> Signals:
        """Return `[R,T,N,2·count]`."""
        place = torch.cat([bodies.x, time_in_clip(bodies.x, bodies.inside)], dim=-1)
        known = None if bodies.ever is None else bodies.ever[..., None]
        return Signals(self.features(place), known)


def time_in_clip(x: Tensor, inside: Tensor | None) -> Tensor:
    """Return the share of its clip that has passed at each frame of `x [R,T,N,D]`: `[R,T,N,1]`.

    >>> inside = torch.tensor([[False, True, True, True]])
    >>> time_in_clip(torch.zeros(1, 4, 1, 3), inside).flatten().tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    T = x.shape[1]
    span = span_of(None if inside is None else inside[..., None], T, x.device)
    passed = torch.arange(T, device=x.device) - span.first[:, None]  # [R,T]
    share = (passed / (span.frames - 1).clamp_min(1)[:, None]).clamp(0, 1)
    return share.to(x.dtype)[..., None, None].expand(*x.shape[:3], 1)
