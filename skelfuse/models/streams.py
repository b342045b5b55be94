"""What a model is given of each joint: where it is, how it lies to its parent, how both move."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelfuse.layers.kernels import MotionKernels
from skelfuse.layers.spans import without_gaps
from skelfuse.models.relations import Partner
from skelfuse.skeleton import Skeleton


class MotionStreams(nn.Module):
    """Joint and bone, each as it is and as the motion kernels see it.

    A bone is a joint minus its parent; it counts where both were seen. The root's bone is zero.
    Without `kernels` (None) joint and bone go on as they are, and nothing tells how they move.
    With `partner` there is a third stream: how a joint lies to the partner's same joint.

    >>> arm = Skeleton("arm", joints=("a", "b"), bones=(("b", "a"),), root="a")
    >>> streams = MotionStreams(arm, MotionKernels(3, scales=(1,)))
    >>> x = torch.tensor([[[[1.0, 0, 0], [1, 2, 3]]]]).expand(1, 5, 2, 3)     # [B,T,N,D]
    >>> features = streams(x, torch.ones(1, 5, 2, dtype=torch.bool))
    >>> features.shape                                      # joint, its motion, bone, its motion
    torch.Size([1, 5, 2, 12])
    >>> features[0, 0, 1].tolist()
    [1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 2.0, 3.0, 0.0, 0.0, 0.0]
    """

    parents: Tensor
    extra_names: tuple[str, ...] = ()  # of features after those of joints and bones

    def __init__(
        self, skeleton: Skeleton, kernels: MotionKernels | None, *, partner: bool = False
    ) -> None:
        super().__init__()
        self.names = ("joint", "bone", "to partner") if partner else ("joint", "bone")
        self.dimensions, self.kernels = skeleton.dimensions, kernels
        self.channel_names = (  # (source, axis) of a stream's channels
            tuple(("position", axis) for axis in range(skeleton.dimensions))
            if kernels is None
            else kernels.channel_names
        )
        self.plain_channels = len(self.names) * len(self.channel_names)
        self.out_channels = self.plain_channels
        self.register_buffer("parents", torch.tensor(skeleton.parents), persistent=False)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, partner: Partner | None = None
    ) -> Tensor:
        """Return the features `[B,T,N,S]` of joints `x [B,T,N,D]` seen where `mask [B,T,N]`."""
        return self._all_of([self._moving(*one) for one in self._streams(x, mask, partner)])

    def bridged(self, x: Tensor, mask: Tensor | None, partner: Partner | None) -> Tensor:
        """Return the same features, on a line between what is known where they would be 0."""
        streams = self._streams(x, mask, partner)
        return self._all_of([without_gaps(self._moving(*one), one[1]) for one in streams])

    def _all_of(self, moving: list[Tensor]) -> Tensor:
        if len(moving) < len(self.names):
            moving.append(torch.zeros_like(moving[0]))  # nobody else is there
        return torch.cat(moving, dim=-1)

    def extras(self, x: Tensor, mask: Tensor | None) -> list[Tensor]:
        """Return the features that no kernel makes, each `[B,T,N,·]`, as `extra_names` has them."""
        return []

    def signals(
        self, x: Tensor, mask: Tensor | None, partner: Partner | None
    ) -> list[tuple[Tensor, Tensor | None]]:
        """Return each stream before the kernels see it, `[B,D,N,T]`, and where it is known."""
        return [
            (
                stream.permute(0, 3, 2, 1),
                None if known is None else known[:, None].transpose(2, 3),
            )
            for stream, known in self._streams(x, mask, partner)
        ]

    def signal_count(self, *, alone: bool) -> int:
        """Return the number of signals: every axis of every stream, `alone` of no partner's."""
        count = 2 if alone else len(self.names)
        return count * self.dimensions

    def responses(self) -> Tensor:
        """Return what the channels of a stream take of the frames around one, `[S,Q,D]`."""
        if self.kernels is None:
            return torch.ones(1, 1, self.dimensions, device=self.parents.device)
        return self.kernels.responses()[0]

    def taps_of(self, weight: Tensor) -> Tensor:
        """Return the one filter `[S,C,D]` that the kernels and a map `weight [C,E]` are."""
        if self.kernels is None:
            return weight[None]
        taps = self.kernels.matrices()[0].transpose(1, 2)  # [S,E,D]
        return weight.to(taps.dtype) @ taps

    def _streams(
        self, x: Tensor, mask: Tensor | None, partner: Partner | None
    ) -> list[tuple[Tensor, Tensor | None]]:
        found = [(x, mask), bones_of(x, mask, self.parents)]
        if len(self.names) > len(found) and partner is not None:
            apart, both = x - partner.x, partner.mask
            if mask is not None:
                both = mask if both is None else both & mask
            if both is not None:
                apart = torch.where(both[..., None], apart, 0.0)
            found.append((apart, both))
        return found

    def _moving(self, x: Tensor, mask: Tensor | None) -> Tensor:
        if self.kernels is not None:
            motion: Tensor = self.kernels(x, mask)
            return motion
        return x if mask is None else torch.where(mask[..., None], x, 0.0)


def bones_of(x: Tensor, mask: Tensor | None, parents: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return the bones `[B,T,N,D]` of joints `x [B,T,N,D]`, and where both ends were seen.

    >>> x = torch.tensor([[[[1.0, 0.0], [1.0, 2.0]]]])                        # [B,T,N,D]
    >>> seen = torch.tensor([[[True, False]]])
    >>> bones_of(x, seen, torch.tensor([0, 0]))
    (tensor([[[[0., 0.],
              [0., 0.]]]]), tensor([[[ True, False]]]))
    >>> bones_of(x, None, torch.tensor([0, 0]))[0][0, 0, 1].tolist()
    [0.0, 2.0]
    """
    bones = x - x.index_select(2, parents)  # [B,T,N,D]
    if mask is None:
        return bones, None
    whole = mask & mask.index_select(2, parents)  # [B,T,N]
    return torch.where(whole[..., None], bones, 0.0), whole
