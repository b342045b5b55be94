"""What a model is given of each joint: where it is, how it lies to its parent, how both move."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelfuse.layers.kernels import MotionKernels
from skelfuse.skeleton import Skeleton


class MotionStreams(nn.Module):
    """Joint and bone, each as it is and as the motion kernels see it.

    A bone is a joint minus its parent; it counts where both were seen. The root's bone is zero.

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

    def __init__(self, skeleton: Skeleton, kernels: MotionKernels) -> None:
        super().__init__()
        self.kernels = kernels
        self.out_channels = 2 * kernels.out_channels
        self.register_buffer("parents", torch.tensor(skeleton.parents), persistent=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the features `[B,T,N,S]` of joints `x [B,T,N,D]` seen where `mask [B,T,N]`."""
        bones, whole = self._bones(x, mask)
        return torch.cat([self.kernels(x, mask), self.kernels(bones, whole)], dim=-1)

    def mapped(self, x: Tensor, mask: Tensor | None, weight: Tensor) -> Tensor:
        """Return `forward(x, mask) @ weight.T`, with `weight [C,S]`: one product in place of two.

        >>> arm = Skeleton("arm", joints=("a", "b"), bones=(("b", "a"),), root="a")
        >>> streams = MotionStreams(arm, MotionKernels(3))
        >>> x, weight = torch.randn(2, 9, 2, 3), torch.randn(4, streams.out_channels)
        >>> torch.allclose(streams.mapped(x, None, weight), streams(x) @ weight.T, atol=1e-5)
        True
        """
        bones, whole = self._bones(x, mask)
        of_joints, of_bones = weight.chunk(2, dim=1)
        from_joints: Tensor = self.kernels(x, mask, then=of_joints)
        from_bones: Tensor = self.kernels(bones, whole, then=of_bones)
        return from_joints + from_bones

    def _bones(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        bones = x - x.index_select(2, self.parents)  # [B,T,N,D]
        if mask is None:
            return bones, None
        whole = mask & mask.index_select(2, self.parents)  # [B,T,N]
        return torch.where(whole[..., None], bones, 0.0), whole
