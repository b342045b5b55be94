"""A branch of a model that sees a body as frequencies; which of which joint it needs is learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.dct import DCTChannels
from skelfuse.layers.gates import ChannelGate
from skelfuse.layers.known_norm import KnownNorm
from skelfuse.layers.time_block import TimeBlock
from skelfuse.models.frequencies import GateKind
from skelfuse.models.persons import Bodies
from skelfuse.skeleton import Skeleton

GATES_OPEN = 0.6  # at first: near undecided, or a short training could close none
SPREAD_OF_NOISE = 1e-2  # a channel that varies by less is not made as large as the others


class Spectrum(nn.Module):
    """Sum up a body by its frequencies, one row for the whole clip: `[R,outputs]`.

    joints and bones → `DCTChannels` → norm → `ChannelGate` over (frequency, joint) → all channels
    of a window gathered to `width` → mixed along the windows → averaged over them → `outputs`.

    - `gate`: "static" learns one choice of channels for all clips, "dynamic" one for each clip;
    - `kept` names the channels that are computed at all: of each joint its frequencies. Such a
      branch, which is what is left of a static gate after pruning, has no gate.

    Joints are those of `skeleton` in its order. `gate` is over `[F,N]`, F as in `dct.frequencies`.

    >>> from skelfuse.layouts import KINECT_V2
    >>> spectrum = Spectrum(KINECT_V2, outputs=256, window=16, gate="static").eval()
    >>> spectrum(Bodies(torch.randn(2, 40, 25, 3), None, None, persons=1)).shape      # of [R,T,N,D]
    torch.Size([2, 256])
    >>> spectrum.gate.channels
    (16, 25)
    >>> hands = Spectrum(KINECT_V2, outputs=8, kept={"left_hand": (0, 2), "right_hand": (2,)})
    >>> hands.dct.frequencies, hands.gather.in_features     # 3 channels of joint and bone
    ((0, 2), 18)
    """

    parents: Tensor
    places: Tensor | None

    def __init__(
        self,
        skeleton: Skeleton,
        outputs: int,
        *,
        window: int = 16,
        width: int = 64,
        gate: GateKind = "none",
        kept: Mapping[str, Sequence[int]] | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.skeleton, N = skeleton, len(skeleton)
        pairs = None if kept is None else _pairs(kept, skeleton)
        if pairs is not None and gate != "none":
            raise SkelfuseError(
                "a branch of which only some channels are computed has no gate",
                expected="gate: none",
                found=gate,
            )
        frequencies = None if pairs is None else sorted({frequency for frequency, _ in pairs})
        self.dct = DCTChannels(window, frequencies=frequencies)
        F = len(self.dct.frequencies)
        self.gate = None if gate == "none" else ChannelGate((F, N), mode=gate, start=GATES_OPEN)
        places = None  # of each channel among F·N
        if pairs is not None:
            places = torch.tensor([self.dct.frequencies.index(f) * N + n for f, n in pairs])
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("parents", torch.tensor(skeleton.parents), persistent=False)
        inputs = (F * N if pairs is None else len(pairs)) * 2 * skeleton.dimensions
        # Not affine: the next layer is linear, and 0 is the mean of a channel, closed or unseen.
        self.norm = KnownNorm(inputs, eps=SPREAD_OF_NOISE**2, affine=False)
        self.gather = nn.Linear(inputs, width)
        self.block = TimeBlock(width, dropout=dropout)
        self.norm_after = KnownNorm(width)
        self.spread = nn.Linear(width, outputs, bias=False)

    def forward(self, bodies: Bodies) -> Tensor:
        """Return `[R,outputs]` of `bodies`."""
        x, mask = bodies.x, bodies.mask  # [R,T,N,D], [R,T,N]
        bones = x - x.index_select(2, self.parents)
        seen = None
        if mask is not None:
            seen = torch.cat([mask, mask & mask.index_select(2, self.parents)], dim=2)  # [R,T,2N]
        waves = self.dct(torch.cat([x, bones], dim=2), seen)  # [R,F,2N,D,W]
        waves = _of_joints(waves)  # [R,F,N,2D,W]
        if self.places is not None:
            waves = waves.flatten(1, 2).index_select(1, self.places)  # [R,G,2D,W]
        there = None
        valid = waves.new_ones(x.shape[0], waves.shape[-1], 1, 1)  # [R,W,1,1]
        if seen is not None:
            there = self.dct.windows_seen(seen)  # [R,2N,W]
            valid = there.any(dim=1)[..., None, None].to(waves.dtype)
            there = _of_joints(there[:, None, :, None].expand(-1, -1, -1, x.shape[3], -1))
            if self.places is not None:
                joint = self.places % len(self.skeleton)
                there = there[:, 0].index_select(1, joint)  # [R,G,2D,W]
        rows = waves.flatten(1, -2).transpose(1, 2)  # [R,W,C], C of all frequencies and joints
        known = None if there is None else there.expand_as(waves).flatten(1, -2).transpose(1, 2)
        waves = self.norm(rows, known).transpose(1, 2).reshape(waves.shape)
        if self.gate is not None:
            waves = self.gate(waves, there)
        body = self.gather(waves.flatten(1, -2).transpose(1, 2))[:, :, None]  # [R,W,1,width]
        body = self.block(body * valid, valid)
        body = nn.functional.gelu(self.norm_after(body, valid))
        clip = body.sum(dim=(1, 2)) / valid.sum(dim=(1, 2)).clamp_min(1)  # [R,width]
        spread: Tensor = self.spread(clip)  # [R,outputs]
        return spread


def _of_joints(waves: Tensor) -> Tensor:
    """Put a joint's bone beside it: `[R,F,2N,D,W]` to `[R,F,N,2D,W]`."""
    return torch.unflatten(waves, 2, (2, -1)).transpose(2, 3).flatten(3, 4)


def _pairs(kept: Mapping[str, Sequence[int]], skeleton: Skeleton) -> list[tuple[int, int]]:
    """Return (frequency, joint) of the channels that are computed, in the order of all."""
    unknown = sorted(set(kept) - set(skeleton.joints))
    pairs = [
        (frequency, skeleton.joints.index(joint))
        for joint, frequencies in kept.items()
        if joint not in unknown
        for frequency in frequencies
    ]
    if unknown or not pairs or len(set(pairs)) < len(pairs):
        raise SkelfuseError(
            "the channels to be computed are wrong",
            expected=f"different frequencies for joints of '{skeleton.name}'",
            found=f"joint '{unknown[0]}'" if unknown else dict(kept),
        )
    return sorted(pairs)
