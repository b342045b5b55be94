"""DD-Net, the light network on distances and two speeds of motion.

From F. Yang, Y. Wu, S. Sakti, S. Nakamura, "Make Skeleton-based Action Recognition Model Smaller,
Faster and Better", ACM Multimedia Asia 2019. Three views of a body go through a tower of 1D
convolutions each:

- joint collection distances: `|x_i − x_j|` of all N·(N−1)/2 pairs i < j in a frame, as a fraction
  of the clip's mean distance, less 1: where the body stands and how large it is no longer matters;
- slow motion: `x[t+1] − x[t]` in every frame;
- fast motion: `x[t+2] − x[t]` in every second frame.

Distances and slow motion are halved in time, which makes the three equally long; joined, they
pass three stages of doubling width and halving length. With f filters, N joints in D dimensions,
c classes and P = N·(N−1)/2 the weights are

    towers   (P + 2·N·D)·2f + 3·(3·2f·f + f·f)
    stages   3·(3f·2f + 2f·2f) + 3·(2f·4f + 4f·4f) + 3·(4f·8f + 8f·8f)
    head     8f·128 + 128·128 + 128·c + c
    norms    2·(3·4f + 2·14f + 2·128)

1,794,837 for f = 64 on 15 joints in the plane and 21 classes, the published figure exactly.

What goes beyond the paper: persons are folded into the batch and rejoined before the head (half
their maximum and half their mean: one person is what the paper has), unseen frames are zero
between convolutions and never a maximum, and a motion without a later frame is zero, where the
authors stretch T − 1 motions over T frames. The paper takes 32 frames; any number will do.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import check_clips
from skelfuse.models.model import Model
from skelfuse.models.persons import FoldPersons, rejoin
from skelfuse.skeleton import Skeleton

HIDDEN = 128
SLOPE = 0.2  # of the leaky rectifier


class DDNet(Model):
    """Distances and motions: `x [B,T,M,N,D]`, `mask [B,T,M,N]` to logits `[B,classes]`.

    `filters` is the width of a tower: 64, 32 and 16 are the published sizes. `channel_dropout`
    drops whole channels between convolutions, `dropout` single features of the head.

    >>> arm = Skeleton("arm", joints=("shoulder", "elbow", "hand"),
    ...                bones=(("elbow", "shoulder"), ("hand", "elbow")), root="shoulder")
    >>> model = DDNet(arm, num_classes=4, filters=8).eval()
    >>> model(torch.randn(2, 32, 1, 3, 3)).shape            # [B,T,M,N,D] to [B,classes]
    torch.Size([2, 4])
    """

    first: Tensor
    second: Tensor

    def __init__(
        self,
        skeleton: Skeleton,
        num_classes: int,
        *,
        filters: int = 64,
        channel_dropout: float = 0.1,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.fold = FoldPersons(skeleton)
        if min(num_classes, filters) < 1:
            raise SkelfuseError(
                "DD-Net needs positive sizes",
                expected="num_classes and filters of at least 1",
                found=(num_classes, filters),
                key="filters" if filters < 1 else None,
            )
        if len(skeleton) < 2:
            raise SkelfuseError(
                f"skeleton '{skeleton.name}' has no distances between joints",
                expected="two joints or more",
                found=len(skeleton),
                remedy="use another model",
            )
        pairs = torch.triu_indices(len(skeleton), len(skeleton), offset=1)
        self.register_buffer("first", pairs[0], persistent=False)
        self.register_buffer("second", pairs[1], persistent=False)
        coordinates = len(skeleton) * skeleton.dimensions
        self.distances = _tower(pairs.shape[1], filters, channel_dropout)
        self.slow = _tower(coordinates, filters, channel_dropout)
        self.fast = _tower(coordinates, filters, channel_dropout)
        self.stages = nn.ModuleList(
            Convolutions(narrow, (wide, 3), (wide, 3))
            for narrow, wide in (
                (3 * filters, 2 * filters),
                (2 * filters, 4 * filters),
                (4 * filters, 8 * filters),
            )
        )
        self.channel_dropout = nn.Dropout1d(channel_dropout)
        self.head = nn.ModuleList(
            nn.Sequential(
                nn.Linear(narrow, HIDDEN, bias=False),
                nn.BatchNorm1d(HIDDEN),
                nn.LeakyReLU(SLOPE),
                nn.Dropout(dropout),
            )
            for narrow in (8 * filters, HIDDEN)
        )
        self.num_features = HIDDEN
        self.classifier = nn.Linear(HIDDEN, num_classes)

    def features(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what the classifier decides on, `[B,num_features]`."""
        bodies = self.fold(x, mask)
        x, mask = bodies.shown()  # [B·M,T,N,D], [B·M,T,N]
        frames = mask.any(dim=2, keepdim=True).transpose(1, 2)  # [B·M,1,T]
        halves = _halve(frames.to(x.dtype)) > 0  # [B·M,1,T/2]
        h = torch.cat(
            [
                _halve_seen(self.distances(self._distances(x, mask), frames), frames),
                _halve_seen(self.slow(motion(x, mask, 1), frames), frames),
                self.fast(motion(x, mask, 2)[:, :, ::2], halves),
            ],
            dim=1,
        )
        h = self.channel_dropout(h)  # [B·M,3f,T/2]
        for stage in self.stages[:-1]:
            h = self.channel_dropout(_halve_seen(stage(h, halves), halves))
            halves = _halve(halves.to(h.dtype)) > 0
        h = self.channel_dropout(self.stages[-1](h, halves))  # [B·M,8f,T/8]
        y = h.masked_fill(~halves, -torch.inf).amax(dim=2)  # [B·M,8f]
        y = y.masked_fill(~halves.any(dim=2), 0)
        h = rejoin(y[:, None], bodies.present(), bodies.persons)[:, :, 0].mean(dim=1)  # [B,8f]
        check_clips(h, training=self.training)
        for layer in self.head:
            h = layer(h)  # [B,128]
        return h

    def _distances(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return each pair's distance relative to the clip's mean, `[B·M,P,T]`; unseen ones 0."""
        apart = x.index_select(2, self.first) - x.index_select(2, self.second)  # [B·M,T,P,D]
        seen = mask.index_select(2, self.first) & mask.index_select(2, self.second)  # [B·M,T,P]
        far = torch.linalg.vector_norm(apart, dim=3) * seen
        mean = far.sum(dim=(1, 2), keepdim=True) / seen.sum(dim=(1, 2), keepdim=True).clamp(min=1)
        tiny = torch.finfo(far.dtype).tiny  # all joints in one place: distances of 0, not NaN
        relative: Tensor = (far - mean) / mean.clamp(min=tiny) * seen  # [B·M,T,P]
        return relative.transpose(1, 2)


def motion(x: Tensor, mask: Tensor, step: int) -> Tensor:
    """Return `x[t+step] − x[t]` as `[B,N·D,T]`: zero where either joint was not seen, or is past.

    `x [B,T,N,D]`, `mask [B,T,N]`.

    >>> ramp = torch.arange(4.0).view(1, 4, 1, 1)
    >>> motion(ramp, torch.ones(1, 4, 1, dtype=torch.bool), step=1)
    tensor([[[1., 1., 1., 0.]]])
    """
    # Padding first lets clips shorter than the step through.
    later = F.pad(x, (0, 0, 0, 0, 0, step))[:, step:]
    seen = F.pad(mask, (0, 0, 0, step))[:, step:] & mask
    return (later - x).masked_fill(~seen[..., None], 0).flatten(2).transpose(1, 2)


class Convolutions(nn.Module):
    """Some convolutions over time, each normalised and rectified: `h [B,C,T]`, `frames [B,1,T]`.

    >>> layers = Convolutions(6, (8, 3), (4, 1))            # widths and taps
    >>> layers(torch.randn(2, 6, 10), torch.ones(2, 1, 10, dtype=torch.bool)).shape
    torch.Size([2, 4, 10])
    """

    def __init__(self, narrow: int, *layers: tuple[int, int], channel_dropout: float = 0.0) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList()
        self.norms = nn.ModuleList()
        for wide, taps in layers:
            self.convolutions.append(nn.Conv1d(narrow, wide, taps, padding="same", bias=False))
            self.norms.append(nn.BatchNorm1d(wide))
            narrow = wide
        self.channel_dropout = nn.Dropout1d(channel_dropout)

    def forward(self, h: Tensor, frames: Tensor) -> Tensor:
        """Return `[B,wide,T]`, zero in frames that were not seen."""
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            if i:
                h = self.channel_dropout(h)
            h = F.leaky_relu(norm(convolution(h)), SLOPE) * frames  # [B,wide,T]
        return h


def _tower(narrow: int, filters: int, channel_dropout: float) -> Convolutions:
    # What embeds one view of the body: [B,narrow,T] to [B,filters,T].
    layers = (2 * filters, 1), (filters, 3), (filters, 1)
    return Convolutions(narrow, *layers, channel_dropout=channel_dropout)


def _halve(h: Tensor) -> Tensor:
    return F.max_pool1d(h, 2, ceil_mode=True)  # [B,C,T] to [B,C,T/2], rounded up


def _halve_seen(h: Tensor, frames: Tensor) -> Tensor:
    seen = _halve(frames.to(h.dtype)) > 0
    return _halve(h.masked_fill(~frames, -torch.inf)).masked_fill(~seen, 0)
