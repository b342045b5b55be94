"""What the deployed form costs: its operations, counted."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from skelfuse.layouts import KINECT_V2
from skelfuse.models import STGCN, SkelFuse, describe
from skelfuse.models.deployed import DeployedSkelFuse, deployed

MOST = 150  # operations that compute something, for one clip of `small`


VIEWS = ("aten::_unsafe_view", "aten::lift_fresh")  # which torch does not mark as such


class Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Count what runs but for views, which compute nothing."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not func.is_view and func.name().partition(".")[0] not in VIEWS:
            self.names.append(func.name())
        return func(*args, **(kwargs or {}))


def operations(model: torch.nn.Module) -> list[str]:
    x = torch.randn(1, 64, 2, 25, 3)
    with torch.no_grad():
        model(x)  # what depends on the length alone is computed once
        with Operations() as counted:
            model(x)
    found: list[str] = counted.names
    return found


def test_one_clip_is_few_operations() -> None:
    model = SkelFuse(KINECT_V2, 60, size="small").eval()
    folded, plain = operations(deployed(model)), operations(model)
    assert len(folded) <= MOST, folded
    assert len(folded) < len(plain)


def test_it_is_described_as_what_it_computes() -> None:
    model = SkelFuse(KINECT_V2, 60, size="small").eval()
    assert 0 < describe(deployed(model), persons=2).macs < describe(model, persons=2).macs * 2


def test_a_model_without_such_a_form_is_itself() -> None:
    model = STGCN(KINECT_V2, 4, channels=(4,), blocks=(1,)).train()
    assert deployed(model) is model
    assert not model.training
    assert isinstance(deployed(SkelFuse(KINECT_V2, 4, size="nano")), DeployedSkelFuse)
