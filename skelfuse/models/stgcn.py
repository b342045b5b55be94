"""ST-GCN, the graph convolution that the field compares itself with.

From S. Yan, Y. Xiong, D. Lin, "Spatial Temporal Graph Convolutional Networks for Skeleton-Based
Action Recognition", AAAI 2018: ten blocks of a graph convolution over the joints of a frame and a
convolution over nine frames, spatial partitioning into three subsets of neighbours, and a learned
importance of every bone in every block. No dropout, as later practice has it, and no biases
before a batch normalisation, which would take them out again.

Two things go beyond the paper. Persons are averaged over those who are there instead of over two
places, and frames in which a body was not seen are zero before and after every convolution over
time, so that padding changes nothing. A joint that was not seen within a seen frame starts at its
average position and is then filled by its neighbours.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.models.model import Model
from skelfuse.models.persons import FoldPersons, rejoin
from skelfuse.skeleton import Skeleton

SUBSETS = 3


class STGCN(Model):
    """Graph convolutions over joints and time: `x [B,T,M,N,D]`, `mask [B,T,M,N]` to `[B,classes]`.

    `channels` are the widths of the stages and `blocks` their lengths; each stage but the first
    begins with stride 2 in time. `centre` names the joint that bones point to or away from; left
    out, it is the skeleton's root. Any number of frames and persons will do.

    >>> arm = Skeleton("arm", joints=("shoulder", "elbow", "hand"),
    ...                bones=(("elbow", "shoulder"), ("hand", "elbow")), root="shoulder")
    >>> model = STGCN(arm, num_classes=4, channels=(8, 16), blocks=(2, 1)).eval()
    >>> model(torch.randn(2, 20, 1, 3, 3)).shape            # [B,T,M,N,D] to [B,classes]
    torch.Size([2, 4])
    """

    def __init__(
        self,
        skeleton: Skeleton,
        num_classes: int,
        *,
        channels: tuple[int, ...] = (64, 128, 256),
        blocks: tuple[int, ...] = (4, 3, 3),
        temporal_kernel: int = 9,
        dropout: float = 0.0,
        centre: str | None = None,
    ) -> None:
        super().__init__()
        _check_sizes(num_classes, channels, blocks, temporal_kernel)
        self.fold = FoldPersons(skeleton)
        graph = neighbourhoods(self.fold.skeleton, centre)  # [3,N,N]
        self.data_norm = nn.BatchNorm1d(len(skeleton) * skeleton.dimensions)
        widths = [skeleton.dimensions]
        strides = []
        for stage, (width, depth) in enumerate(zip(channels, blocks, strict=True)):
            widths += [width] * depth
            strides += [1 if stage == 0 else 2] + [1] * (depth - 1)
        self.blocks = nn.ModuleList(
            Block(
                narrow,
                wide,
                graph,
                stride=stride,
                temporal_kernel=temporal_kernel,
                dropout=dropout,
                residual=i > 0,
            )
            for i, ((narrow, wide), stride) in enumerate(
                zip(pairwise(widths), strides, strict=True)
            )
        )
        self.num_features = widths[-1]
        self.classifier = nn.Linear(self.num_features, num_classes)

    def features(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what the classifier decides on, `[B,num_features]`."""
        bodies = self.fold(x, mask)
        x, mask = bodies.shown()  # [B·M,T,N,D], [B·M,T,N]
        h = x.flatten(2).transpose(1, 2)  # [B·M,N·D,T]
        h = self.data_norm(h).unflatten(1, x.shape[2:])  # [B·M,N,D,T]
        h = h.permute(0, 2, 3, 1) * mask[:, None]  # [B·M,D,T,N]
        frames = mask.any(dim=2).to(h.dtype)  # [B·M,T]
        for block in self.blocks:
            h, frames = block(h, frames)  # [B·M,C,T',N], [B·M,T']
        y = h.mean(dim=3).sum(dim=2) / frames.sum(dim=1, keepdim=True).clamp(min=1)  # [B·M,C]
        return rejoin(y[:, None], bodies.present(), bodies.persons)[:, 1, 0]  # the mean, [B,C]


class Block(nn.Module):
    """Joints, then time, with a residual: `h [B,C,T,N]`, `frames [B,T]` of zeros and ones.

    >>> arm = Skeleton("arm", joints=("a", "b"), bones=(("b", "a"),), root="a")
    >>> block = Block(4, 8, neighbourhoods(arm), stride=2)
    >>> h, frames = block(torch.randn(1, 4, 5, 2), torch.ones(1, 5))
    >>> h.shape, frames.shape
    (torch.Size([1, 8, 3, 2]), torch.Size([1, 3]))
    """

    def __init__(
        self,
        narrow: int,
        wide: int,
        graph: Tensor,
        *,
        stride: int = 1,
        temporal_kernel: int = 9,
        dropout: float = 0.0,
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.joints = GraphConvolution(narrow, wide, graph)
        self.joints_norm = nn.BatchNorm2d(wide)
        self.time = nn.Conv2d(
            wide,
            wide,
            kernel_size=(temporal_kernel, 1),
            stride=(stride, 1),
            padding=((temporal_kernel - 1) // 2, 0),
            bias=False,
        )
        nn.init.kaiming_normal_(self.time.weight, mode="fan_out")
        self.time_norm = nn.BatchNorm2d(wide)
        self.dropout = nn.Dropout(dropout)
        self.residual: nn.Module | None = None
        if not residual:
            return
        if narrow == wide and stride == 1:
            self.residual = nn.Identity()
        else:
            self.residual = nn.Sequential(
                nn.Conv2d(narrow, wide, kernel_size=1, stride=(stride, 1), bias=False),
                nn.BatchNorm2d(wide),
            )

    def forward(self, h: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return `h [B,wide,T',N]` and `frames [B,T']`, where T' is T / stride, rounded up."""
        past = 0 if self.residual is None else self.residual(h)
        h = F.relu(self.joints_norm(self.joints(h)))  # [B,wide,T,N]
        h = h * _wide(frames, h)
        h = self.dropout(self.time_norm(self.time(h)))  # [B,wide,T',N]
        # A frame made of two was seen if either was; a stride would ask only the first.
        frames = F.max_pool1d(frames, self.stride, ceil_mode=True)  # [B,T']
        return F.relu(h + past) * _wide(frames, h), frames


class GraphConvolution(nn.Module):
    """A weight for each subset of neighbours: `h [B,C,T,N]` to `Σ_k W_k h (A_k ∘ importance_k)`.

    >>> arm = Skeleton("arm", joints=("a", "b"), bones=(("b", "a"),), root="a")
    >>> GraphConvolution(4, 8, neighbourhoods(arm))(torch.randn(1, 4, 5, 2)).shape
    torch.Size([1, 8, 5, 2])
    """

    graph: Tensor

    def __init__(self, narrow: int, wide: int, graph: Tensor) -> None:
        super().__init__()
        # The graph follows from the skeleton, so it is no part of the weights.
        self.register_buffer("graph", graph.clone(), persistent=False)  # [3,N,N]
        self.importance = nn.Parameter(torch.ones_like(graph))
        self.weight = nn.Parameter(torch.empty(wide, narrow, 1, SUBSETS))
        nn.init.kaiming_normal_(self.weight, mode="fan_out")

    def forward(self, h: Tensor) -> Tensor:
        """Return `[B,wide,T,N]`."""
        B, _, T, N = h.shape
        graph = (self.graph * self.importance).permute(2, 0, 1).flatten(0, 1)  # [N·3,N]
        weight = self.weight[:, :, 0].transpose(1, 2).flatten(1)  # [wide,3·C]
        # Channels last in memory, as convolutions like it, and a joint's three subsets together.
        gathered = graph @ h.permute(0, 2, 3, 1)  # [B,T,N·3,C]
        gathered = gathered.reshape(B, T, N, -1)  # [B,T,N,3·C]
        return F.linear(gathered, weight).permute(0, 3, 1, 2)  # [B,wide,T,N]


def _wide(frames: Tensor, h: Tensor) -> Tensor:
    """Return `[B,1,T,1]` in h's own type: a float32 factor would take bfloat16 features along."""
    return frames[:, None, :, None].to(h.dtype)


def neighbourhoods(skeleton: Skeleton, centre: str | None = None) -> Tensor:
    """Return `[3,N,N]`: what joint w (last axis) takes from joint v, in three subsets.

    The subsets are the joint itself, its neighbours nearer to the centre, and those further away.
    Over all three the weights of one joint sum to 1.

    >>> arm = Skeleton("arm", joints=("a", "b", "c"), bones=(("b", "a"), ("c", "b")), root="a")
    >>> graph = neighbourhoods(arm)
    >>> graph[1]                            # b takes a third from a, c takes half from b
    tensor([[0.0000, 0.3333, 0.0000],
            [0.0000, 0.0000, 0.5000],
            [0.0000, 0.0000, 0.0000]])
    >>> graph.sum(dim=(0, 1))
    tensor([1., 1., 1.])
    """
    N = len(skeleton)
    near: list[set[int]] = [set() for _ in range(N)]
    for joint, parent in skeleton.bones:
        v, w = skeleton.index(joint), skeleton.index(parent)
        near[v].add(w)
        near[w].add(v)
    distance = {skeleton.index(centre or skeleton.root): 0}
    queue = list(distance)
    for v in queue:
        for w in near[v] - distance.keys():
            distance[w] = distance[v] + 1
            queue.append(w)
    graph = torch.zeros(SUBSETS, N, N)
    for w in range(N):
        share = 1 / (1 + len(near[w]))
        graph[0, w, w] = share
        for v in near[w]:
            graph[1 if distance[v] < distance[w] else 2, v, w] = share
    return graph


def _check_sizes(
    num_classes: int, channels: tuple[int, ...], blocks: tuple[int, ...], temporal_kernel: int
) -> None:
    if not channels or len(channels) != len(blocks) or min(num_classes, *channels, *blocks) < 1:
        raise SkelfuseError(
            "ST-GCN needs as many stages in channels as in blocks, and positive sizes",
            expected="for example channels=(64, 128, 256), blocks=(4, 3, 3)",
            found=f"channels={channels}, blocks={blocks}, num_classes={num_classes}",
            key="channels" if min(channels, default=0) < 1 else "blocks",
        )
    if temporal_kernel < 1 or temporal_kernel % 2 == 0:
        raise SkelfuseError(
            "the temporal kernel needs a middle frame",
            expected="an odd number of frames",
            found=temporal_kernel,
            key="temporal_kernel",
        )
