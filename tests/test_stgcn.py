"""ST-GCN is the published network: its graph, its size, its cost, and its sums."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2
from skelfuse.models import STGCN, describe
from skelfuse.models.stgcn import Block, GraphConvolution, neighbourhoods
from skelfuse.skeleton import Skeleton

STAR = Skeleton(
    "star",
    joints=("hub", "north", "south", "tip"),
    bones=(("north", "hub"), ("south", "hub"), ("tip", "north")),
    root="hub",
)


def closed_form(
    frames: int,
    persons: int,
    joints: int,
    classes: int,
    *,
    widths: tuple[int, ...] = (3, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256),
    halved: tuple[int, ...] = (5, 8),
) -> int:
    """Multiply-accumulates of one clip, written down from the paper's layers."""
    total = 0
    for i, (narrow, wide) in enumerate(pairwise(widths), start=1):
        later = (frames + 1) // 2 if i in halved else frames
        total += frames * joints * 3 * narrow * (joints + wide)  # neighbours, then weights
        total += later * joints * 9 * wide * wide
        if i > 1 and narrow != wide:
            total += later * joints * narrow * wide
        frames = later
    return persons * total + widths[-1] * classes


def test_size_is_the_published_one() -> None:
    parameters = describe(STGCN(KINECT_V2, 60), frames=1, persons=2).parameters
    assert parameters == pytest.approx(3.1e6, rel=0.05)
    assert parameters == sum(p.numel() for p in STGCN(KINECT_V2, 60).parameters())


@pytest.mark.parametrize(("frames", "persons"), [(9, 1), (12, 2)])
def test_cost_is_the_closed_form(frames: int, persons: int) -> None:
    cost = describe(STGCN(KINECT_V2, 60), frames=frames, persons=persons)
    assert cost.macs == closed_form(frames, persons, joints=25, classes=60)


def test_cost_is_the_published_one() -> None:
    # 5.7 G for 100 frames of two persons, in the model zoo of PYSKL.
    assert closed_form(100, 2, joints=25, classes=60) == pytest.approx(5.7e9, rel=0.05)


def test_subsets_are_self_nearer_and_further() -> None:
    itself, nearer, further = neighbourhoods(STAR)
    joints = {name: STAR.index(name) for name in STAR.joints}
    taken = {
        (v, w): (itself + nearer + further)[joints[v], joints[w]].item()
        for v in joints
        for w in joints
    }
    assert {pair for pair, share in taken.items() if share} == {
        *((name, name) for name in joints),
        *((v, w) for bone in STAR.bones for v, w in (bone, bone[::-1])),
    }
    assert taken["hub", "north"] == pytest.approx(1 / 3)  # itself, the hub and the tip
    assert nearer[joints["hub"], joints["north"]] > 0
    assert nearer[joints["tip"], joints["north"]] == 0
    assert further[joints["tip"], joints["north"]] > 0
    assert torch.equal(itself, torch.diag(itself.diagonal()))


def test_centre_turns_the_bones_round() -> None:
    nearer, further = neighbourhoods(STAR, centre="tip")[1:]
    hub, north = STAR.index("hub"), STAR.index("north")
    assert nearer[north, hub] > 0
    assert further[hub, north] > 0
    with pytest.raises(SkelfuseError, match="no joint 'nose'"):
        STGCN(STAR, 4, centre="nose")


def test_graph_convolution_is_a_sum_over_subsets_and_neighbours() -> None:
    torch.manual_seed(0)
    graph = neighbourhoods(STAR)
    layer = GraphConvolution(5, 7, graph)
    nn.init.uniform_(layer.importance)
    h = torch.randn(2, 5, 3, 4)
    wanted = torch.zeros(2, 7, 3, 4)
    for k in range(3):
        for w in range(4):
            for v in range(4):
                share = graph[k, v, w] * layer.importance[k, v, w]
                wanted[..., w] += torch.einsum(
                    "oi,bit->bot", layer.weight[:, :, 0, k], share * h[..., v]
                )
    torch.testing.assert_close(layer(h), wanted)


def test_whole_clips_pass_the_paper_network() -> None:
    torch.manual_seed(0)
    model = STGCN(STAR, 6, channels=(4, 8), blocks=(2, 2))
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
            norm.momentum = 0.5
    for _ in range(4):  # so that signals reach the logits as in a trained network
        model(torch.randn(16, 11, 2, 4, 3))
    model.eval()
    x = torch.randn(3, 11, 2, 4, 3)
    logits = model(x)
    assert (logits[0] - logits[1]).abs().max() > 1e-2
    torch.testing.assert_close(logits, paper(model, x), rtol=1e-4, atol=1e-5)


def paper(model: STGCN, x: Tensor) -> Tensor:
    """The network without a mask, convolution first and neighbours after, person by person."""
    order = sorted(range(4), key=STAR.joints.__getitem__)
    y = []
    for body in x[:, :, :, order].unbind(dim=2):
        h = model.data_norm(body.flatten(2).transpose(1, 2))  # [B,N·D,T]
        h = h.view(3, 4, 3, -1).permute(0, 2, 3, 1)  # [B,D,T,N]
        for block in blocks(model):
            layer = block.joints
            past = block.residual(h) if block.residual is not None else 0
            subsets = torch.einsum("oik,bitv->bkotv", layer.weight[:, :, 0], h)
            h = torch.einsum("bkotv,kvw->botw", subsets, layer.graph * layer.importance)
            h = F.relu(block.joints_norm(h))
            h = F.conv2d(h, block.time.weight, stride=(block.stride, 1), padding=(4, 0))
            h = F.relu(block.time_norm(h) + past)
        y.append(h.mean(dim=(2, 3)))
    logits: Tensor = model.classifier(torch.stack(y).mean(dim=0))
    return logits


def blocks(model: STGCN) -> Iterator[Block]:
    for block in model.blocks:
        assert isinstance(block, Block)
        yield block


def test_a_body_seen_only_between_strides_still_counts() -> None:
    torch.manual_seed(0)
    model = STGCN(STAR, 6, channels=(4, 8), blocks=(1, 1)).eval()
    x = torch.randn(1, 8, 1, 4, 3)
    mask = torch.zeros(1, 8, 1, 4, dtype=torch.bool)
    nobody = model(x, mask)
    mask[:, 3] = True  # a stride of two meets frames 0, 2, 4 and 6
    assert (model(x, mask) - nobody).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"channels": (8, 16)}, "as many stages"),
        ({"channels": (), "blocks": ()}, "as many stages"),
        ({"blocks": (4, 0, 3)}, "positive sizes"),
        ({"temporal_kernel": 8}, "expected an odd number of frames, found 8"),
    ],
)
def test_bad_arguments_are_told(arguments: dict[str, tuple[int, ...]], told: str) -> None:
    with pytest.raises(SkelfuseError, match=re.escape(told)):
        STGCN(STAR, 6, **arguments)  # type: ignore[arg-type]
