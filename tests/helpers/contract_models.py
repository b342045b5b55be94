"""Every model in a small version, a little trained, and clips to hold it to its promises by."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from skelfuse.layers.known_norm import KnownNorm
from skelfuse.models import MODELS, Frequencies, Size
from skelfuse.skeleton import Skeleton

# Small versions: the promises do not depend on width. A model without an entry fails a test.
ENTRIES: dict[str, dict[str, Any]] = {
    "skelfuse": {"size": Size(channels=4, alone=(1, 2), summary=5, width=16, dilations=(1, 2))},
    "stgcn": {"channels": (8, 16, 24), "blocks": (2, 1, 1)},
    "ddnet": {"filters": 8},
}
LITTLE = {**ENTRIES["skelfuse"], "directions": 4}
SEVERAL = Size(channels=3, alone=(1,), summary=2, width=8, dilations=(1, 2), voters=3)
VARIANTS: dict[str, dict[str, Any]] = {  # of skelfuse, with its options switched on
    "skelfuse of several voters": {**LITTLE, "size": SEVERAL, "directions": 3},
    "skelfuse of the own path": {**LITTLE, "together": 0.0, "windows": (1, 2)},
    "skelfuse of coordinates": {**LITTLE, "streams": ("joint",), "scales": ()},
    "skelfuse without FrierenFuse": {**LITTLE, "fuse": False},
    "skelfuse gated": {
        **LITTLE,
        "frequencies": Frequencies(dct_window=4, gate="static", global_filter=True),
    },
    "skelfuse gated by clip": {
        **LITTLE,
        "frequencies": Frequencies(dct_window=5, gate="dynamic", fourier=4, spectral_motion=True),
    },
    "skelfuse pruned": {
        **LITTLE,
        "frequencies": Frequencies(
            dct_window=4, dct_kept={"head": (0, 2), "foot": (1,)}, frame_weighting=True
        ),
    },
}
NAMES = sorted([*ENTRIES, *VARIANTS])
CLASSES = 6

BODY = Skeleton(  # listed in another order than the alphabet's
    "stick figure",
    joints=("spine", "right_hand", "head", "left_hand", "foot"),
    bones=(("right_hand", "head"), ("head", "spine"), ("left_hand", "head"), ("foot", "spine")),
    root="spine",
    pairs=(("left_hand", "right_hand"),),
)
SHUFFLE = (3, 0, 4, 2, 1)


def made(name: str, skeleton: Skeleton = BODY) -> nn.Module:
    arguments = {**ENTRIES, **VARIANTS}[name]
    model: nn.Module = MODELS[name.split(maxsplit=1)[0]](skeleton, CLASSES, **arguments)
    return model


def built(name: str, skeleton: Skeleton = BODY) -> nn.Module:
    torch.manual_seed(1)
    return made(name, skeleton)


def clips(count: int = 4, persons: int = 2, frames: int = 13) -> tuple[Tensor, Tensor]:
    """Return walks of random bodies, with frames, joints and whole persons missing as NaN."""
    torch.manual_seed(count + 10 * persons)
    x = torch.randn(count, frames, persons, len(BODY), 3).cumsum(dim=1) / 3 + 1
    mask = torch.rand(count, frames, persons, len(BODY)) > 0.1
    mask[1 % count, frames // 2 :] = False  # a shorter clip
    mask[2 % count, :, persons - 1] = persons == 1  # somebody who is not there
    return x.masked_fill(~mask[..., None], torch.nan), mask


def loss_of(votes: Tensor) -> Tensor:
    """Return the loss of clips of classes 0, 1, ...; each voter has its own share in it."""
    labels = torch.arange(len(votes)) % CLASSES
    votes = votes.view(len(votes), -1, CLASSES)  # [B,V,classes]
    return nn.functional.cross_entropy(
        votes.flatten(0, 1), labels.repeat_interleave(votes.shape[1])
    )


def ready(name: str, skeleton: Skeleton = BODY) -> nn.Module:
    """Return a model with running statistics and weights that are not the initial ones."""
    model = built(name, skeleton)
    x, mask = clips()
    if skeleton is not BODY:
        x, mask = x[:, :, :, list(SHUFFLE)], mask[:, :, :, list(SHUFFLE)]
    for part in model.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d | KnownNorm):
            part.momentum = 0.5  # a few steps are enough for it to know the data
    torch.manual_seed(2)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(8):
        optimiser.zero_grad()
        loss: Tensor = loss_of(model(x, mask))
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return model.eval()


@cache
def trained(name: str) -> nn.Module:
    return ready(name)


def close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
