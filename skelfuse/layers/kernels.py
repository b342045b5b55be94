"""Motion kernels: short learned filters along time that start as velocity and stay readable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import checked_sequence, different_numbers, whole_number
from skelfuse.layers.held_frames import held_frames
from skelfuse.layers.kernel_penalties import KernelPenalties, kernel_penalties
from skelfuse.layers.kernel_start import given_taps, scale_taps


class Kernel(NamedTuple):
    """One kernel as it is now: `taps [k,D]` in increasing time, `offsets` in frames."""

    name: str
    scale: int  # taps - 1
    taps: npt.NDArray[np.floating[Any]]
    offsets: tuple[int, ...]
    group: int | None = None  # the joint group that it serves; None: all joints


class MotionKernels(nn.Module):
    """Filters along time, the same for all joints: `M[t] = Σ_i K[i]·x[t - ⌊k/2⌋ + i]` per axis.

    A kernel of scale s has k = s + 1 taps. Scale 1 starts as the first difference `[-1, 1]`, scale
    2 as the central difference `[-0.5, 0, 0.5]`, every other scale as N(0, 0.1²), on every axis.
    The output is as long as x and holds, per joint, x itself (`residual`) and then each kernel's
    D axes, in the order of `channel_names`.

    A tap that falls on a frame that does not count (beyond an end, or ruled out by the mask) reads
    the nearest frame that does on its way back to t. So edges and gaps are treated alike,
    nothing leaks out of them, a body at rest has no motion beside them, and padding changes
    nothing. Where the mask is False the output is 0.

    - `bank`: kernels per scale, one number or one per scale; all but the first start at random;
    - `taps`: named kernels with given start values `[k]` or `[k,D]` instead of `scales`;
      `MotionKernels(taps=DIFFERENCES, learnable=False)` is the classical baseline;
    - `shared_axes`: one set of taps for all axes;
    - `joint_groups`: the group (0, 1, ...) of each joint; every group has kernels of its own.

    >>> kernels = MotionKernels(dimensions=2, scales=(1, 2), residual=False)
    >>> x = torch.tensor([0.0, 1.0, 4.0, 9.0])[:, None].expand(4, 2).reshape(1, 4, 1, 2)
    >>> kernels(x)[0, :, 0].detach()  # [T, 2 kernels x 2 axes]
    tensor([[0.0000, 0.0000, 0.5000, 0.5000],
            [1.0000, 1.0000, 2.0000, 2.0000],
            [3.0000, 3.0000, 4.0000, 4.0000],
            [5.0000, 5.0000, 2.5000, 2.5000]])
    >>> kernels.kernels()["scale1"].offsets
    (-1, 0)
    """

    taps: Tensor
    places: Tensor
    group_of_joint: Tensor | None

    def __init__(
        self,
        dimensions: int = 3,
        scales: Sequence[int] = (1, 2, 4),
        *,
        bank: int | Sequence[int] = 1,
        taps: Mapping[str, Sequence[float] | npt.NDArray[np.floating[Any]]] | None = None,
        shared_axes: bool = False,
        joint_groups: Sequence[int] | None = None,
        learnable: bool = True,
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.dimensions = whole_number("dimensions", dimensions, 1)
        self.residual = residual
        self.groups, group_of_joint = _groups(joint_groups)
        self.register_buffer("group_of_joint", group_of_joint, persistent=False)
        axes = 1 if shared_axes else dimensions
        if taps is None:
            start = scale_taps(different_numbers("scales", scales), bank, self.groups, axes)
        else:
            start = {
                name: given_taps(name, value, self.groups, axes) for name, value in taps.items()
            }
        if not start:
            raise SkelfuseError("there are no kernels", remedy="name at least one scale or kernel")
        self.lengths = {name: value.shape[1] for name, value in start.items()}
        self.first = -max(length // 2 for length in self.lengths.values())  # earliest offset
        self.last = max(length - 1 - length // 2 for length in self.lengths.values())

        together = torch.cat(list(start.values()), dim=1)  # [G,Σk,D or 1]
        if learnable:
            self.taps = nn.Parameter(together)
        else:
            self.register_buffer("taps", together)
        places = [  # where each tap goes among [span x kernels]
            (offset - self.first) * len(self.lengths) + number
            for number, name in enumerate(self.lengths)
            for offset in self._offsets(name)
        ]
        self.register_buffer("places", torch.tensor(places), persistent=False)

    @property
    def channel_names(self) -> tuple[tuple[str, int], ...]:
        """The (kernel, axis) of every output channel; "position" is x itself."""
        sources = (["position"] if self.residual else []) + list(self.lengths)
        return tuple((source, axis) for source in sources for axis in range(self.dimensions))

    @property
    def out_channels(self) -> int:
        """D times the number of kernels, one more with the residual."""
        return self.dimensions * (len(self.lengths) + self.residual)

    def _offsets(self, name: str) -> range:
        length = self.lengths[name]
        return range(-(length // 2), length - length // 2)

    def _support(self) -> Tensor:
        """Lay all kernels out over their common offsets: `[G,S,Q,D]`."""
        G, Q, S = self.groups, len(self.lengths), self.last - self.first + 1
        taps = self.taps if self.taps.dtype == torch.float64 else self.taps.float()
        taps = taps.expand(G, -1, self.dimensions)
        empty = taps.new_zeros(G, S * Q, self.dimensions)
        return empty.index_copy(1, self.places, taps).reshape(G, S, Q, -1)

    def matrices(self) -> Tensor:
        """Write each offset's taps, and the residual, as a matrix `[G,S,D,E]` to all channels."""
        taps = self._support()
        if self.residual:
            itself = torch.zeros_like(taps[:, :, :1])
            itself[:, -self.first] = 1.0
            taps = torch.cat([itself, taps], dim=2)
        # D is small: one product with a block-diagonal matrix beats D filters side by side.
        return torch.diag_embed(taps).transpose(2, 3).flatten(3)  # [G,S,D,E]

    def forward(self, x: Tensor, mask: Tensor | None = None, *, step: int = 1) -> Tensor:
        """Filter `x [B,T,N,D]`, of which `mask [B,T,N]` counts: `[B,T,N,E]`, E = out_channels.

        With a `step` the mean of every so many frames comes back, `[B,T/step,N,E]`.
        """
        given = x.dtype
        x, mask = checked_sequence(x, mask, channels=self.dimensions, axis="D")
        if self.group_of_joint is not None and x.shape[2] != len(self.group_of_joint):
            raise SkelfuseError(
                "x has another number of joints than joint_groups",
                expected=f"N = {len(self.group_of_joint)}",
                found=x.shape[2],
                remedy="give joint_groups one number per joint",
            )
        with torch.autocast(x.device.type, enabled=False):  # differences of near-equal numbers
            counts = None if mask is None else mask[..., None]
            seen = held_frames(x, counts, self.first, self.last)  # S of [B,T,N,D]
            if step > 1:  # the mean of sums is the sum of means, which are fewer
                seen = [torch.unflatten(frame, 1, (-1, step)).mean(dim=2) for frame in seen]
            matrices = self.matrices().to(x.dtype)  # [G,S,D,E]
            if self.group_of_joint is None:
                motion = _filtered([frame.flatten(0, 2) for frame in seen], matrices[0])
            else:
                of_joint = matrices[self.group_of_joint].unbind(1)  # S of [N,D,E]
                motion = torch.stack(
                    [
                        torch.einsum("btnd,nde->btne", *pair)
                        for pair in zip(seen, of_joint, strict=True)
                    ]
                ).sum(0)
        return motion.reshape(x.shape[0], x.shape[1] // step, x.shape[2], -1).to(given)

    def kernels(self) -> dict[str, Kernel]:
        """Return every kernel by name, as NumPy arrays that later training does not change."""
        taps = self.taps.detach().expand(-1, -1, self.dimensions)
        values = taps.to("cpu", torch.float64 if taps.dtype == torch.float64 else torch.float32)
        found = {}
        for group, one in enumerate(values):
            for name, array in zip(
                self.lengths, one.split(list(self.lengths.values())), strict=True
            ):
                full = name if self.groups == 1 else f"group{group}.{name}"
                found[full] = Kernel(
                    full,
                    self.lengths[name] - 1,
                    array.numpy().copy(),
                    tuple(self._offsets(name)),
                    None if self.groups == 1 else group,
                )
        return found

    def penalties(self, *, target: float = 0.0, threshold: float = 0.5) -> KernelPenalties:
        """Return the three regularisers, differentiable; their weights are the loss's business."""
        taps = self.taps if self.taps.dtype == torch.float64 else self.taps.float()
        return kernel_penalties(
            torch.split(taps, list(self.lengths.values()), dim=1),
            self._support(),
            target=target,
            threshold=threshold,
        )

    def extra_repr(self) -> str:
        """Show the kernels in the printed model."""
        return f"dimensions={self.dimensions}, kernels={', '.join(self.lengths)}"


def _filtered(seen: Sequence[Tensor], matrices: Tensor) -> Tensor:
    """Sum the products of `seen`, S of `[R,D]`, with `matrices [S,D,E]`, without copies."""
    total = seen[0] @ matrices[0]  # [R,E]
    for frame, matrix in zip(seen[1:], matrices[1:], strict=True):
        total = torch.addmm(total, frame, matrix)
    return total


def _groups(joint_groups: Sequence[int] | None) -> tuple[int, Tensor | None]:
    if joint_groups is None:
        return 1, None
    used = sorted(set(joint_groups))
    if not used or used != list(range(len(used))):
        raise SkelfuseError(
            "joint_groups must number the groups 0, 1, ... without a gap",
            found=used,
            remedy="give each joint the number of its group, counted from 0",
        )
    return len(used), torch.tensor(list(joint_groups))
