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

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return the features `[B,T,N,C]` of joints `x [B,T,N,D]` seen where `mask [B,T,N]`."""
        bones = x - x.index_select(2, self.parents)  # [B,T,N,D]
        whole = mask & mask.index_select(2, self.parents)  # [B,T,N]
        bones = torch.where(whole[..., None], bones, torch.zeros_like(bones))
        return torch.cat([self.kernels(x, mask), self.kernels(bones, whole)], dim=-1)
