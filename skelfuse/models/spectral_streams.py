"""Motion streams with more to them: exact velocities, and coordinates written as waves."""

from __future__ import annotations

import torch
from torch import Tensor

from skelfuse.layers.fourier_features import FourierFeatures
from skelfuse.layers.kernels import MotionKernels
from skelfuse.layers.spans import span_of
from skelfuse.layers.spectral_motion import SpectralMotion
from skelfuse.models.relations import Partner
from skelfuse.models.streams import MotionStreams, bones_of
from skelfuse.skeleton import Skeleton

AXES = "xyz"


class SpectralStreams(MotionStreams):
    """Joint, bone and their motions as `MotionStreams` has them, then features of frequencies.

    - `motion`: the velocity of joints and bones by `SpectralMotion`, 2·D features;
    - `fourier`: so many frequencies of place and time together (`FourierFeatures`, Gaussian with
      `sigma`), a cosine and a sine each. Time runs from 0 at a clip's first frame to 1 at the last.

    Without either it is a `MotionStreams`.

    >>> arm = Skeleton("arm", joints=("a", "b"), bones=(("b", "a"),), root="a")
    >>> streams = SpectralStreams(arm, MotionKernels(3, scales=(1,)), motion=True, fourier=8)
    >>> streams(torch.randn(2, 9, 2, 3)).shape              # [B,T,N,S]: 12, 6 and 16 features
    torch.Size([2, 9, 2, 34])
    >>> streams.extra_names[:2], streams.extra_names[-1]
    (('joint, spectral motion x', 'joint, spectral motion y'), 'wave 7 of place and time, sine')
    """

    def __init__(
        self,
        skeleton: Skeleton,
        kernels: MotionKernels | None,
        *,
        motion: bool = False,
        fourier: int = 0,
        sigma: float = 1.0,
        partner: bool = False,
    ) -> None:
        super().__init__(skeleton, kernels, partner=partner)
        self.motion = SpectralMotion() if motion else None
        self.waves = FourierFeatures(skeleton.dimensions + 1, fourier, sigma) if fourier else None
        axes = AXES[: skeleton.dimensions] if motion else ""
        self.extra_names = (
            *(f"{stream}, spectral motion {axis}" for stream in ("joint", "bone") for axis in axes),
            *(
                f"wave {number} of place and time, {part}"
                for part in ("cosine", "sine")
                for number in range(fourier)
            ),
        )
        self.out_channels += len(self.extra_names)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, partner: Partner | None = None
    ) -> Tensor:
        """Return the features `[B,T,N,S]` of joints `x [B,T,N,D]` seen where `mask [B,T,N]`."""
        return torch.cat([super().forward(x, mask, partner), *self.extras(x, mask)], dim=-1)

    def extras(self, x: Tensor, mask: Tensor | None) -> list[Tensor]:
        """Return the velocities and the waves that were asked for."""
        found: list[Tensor] = []
        if self.motion is not None:
            bones, whole = bones_of(x, mask, self.parents)
            found += [self.motion(x, mask), self.motion(bones, whole)]
        if self.waves is not None:
            place = torch.cat([x, _time_in_clip(x, mask)], dim=-1)  # [B,T,N,D+1]
            found += [self.waves(place, mask)]
        return found


def _time_in_clip(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return the share of its clip that has passed at each frame of `x [B,T,N,D]`: `[B,T,N,1]`.

    >>> mask = torch.tensor([False, True, True, True]).view(1, 4, 1)
    >>> _time_in_clip(torch.zeros(1, 4, 1, 3), mask).flatten().tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    T = x.shape[1]
    span = span_of(mask, T, x.device)
    passed = torch.arange(T, device=x.device) - span.first[:, None]  # [R,T]
    share = (passed / (span.frames - 1).clamp_min(1)[:, None]).clamp(0, 1)
    return share.to(x.dtype)[..., None, None].expand(*x.shape[:3], 1)
