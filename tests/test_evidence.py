"""A decision taken apart adds up, belongs to whom it should, and happened when it did."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from skelfuse.errors import SkelfuseError
from skelfuse.explain.evidence import Evidence, evidence_of
from skelfuse.layouts import KINECT_V2
from skelfuse.models import STGCN, Pure, SkelFuse
from skelfuse.models.sizes import NANO
from skelfuse.predict.joint_shares import joint_shares
from skelfuse.skeleton import Skeleton

as_trained = runpy.run_path(str(Path(__file__).with_name("as_trained.py")))["as_trained"]
CLASSES = 4
N = len(KINECT_V2)


def built(name: str, *, partner: bool = True) -> SkelFuse | Pure:
    torch.manual_seed(3)
    model: SkelFuse | Pure
    if name == "pure":
        model = Pure(KINECT_V2, CLASSES, directions=6, partner=partner)
    else:
        windows = (1, 2, 4) if name == "windows" else (1,)
        model = SkelFuse(KINECT_V2, CLASSES, size=NANO, windows=windows)
    as_trained(model)
    return model


def drawn(persons: int, *, frames: int = 31, masked: bool) -> tuple[Tensor, Tensor | None]:
    torch.manual_seed(persons)
    x = torch.randn(1, frames, persons, N, 3).cumsum(1) / 3
    return x, (torch.rand(1, frames, persons, N) > 0.3 if masked else None)


@pytest.fixture(params=["skelfuse", "windows", "pure"], scope="module")
def model(request: pytest.FixtureRequest) -> SkelFuse | Pure:
    return built(request.param)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("persons", [1, 2, 3])
def test_the_parts_add_up_to_the_logit(
    model: SkelFuse | Pure, persons: int, *, masked: bool
) -> None:
    x, mask = drawn(persons, masked=masked)
    if persons == 3 and mask is not None:
        mask[:, :, 1] = False  # somebody is not there
    found = evidence_of(model, x, mask)
    with torch.no_grad():
        logits = model(x, mask)[0].numpy()
        shares = joint_shares(model, x, mask).shares[0].numpy()
    for number in range(CLASSES):
        reasons = found.reasons(number)
        total = reasons.fused.sum() + reasons.past.sum() + reasons.bias
        assert total == pytest.approx(logits[number], abs=1e-5)
        assert reasons.total == pytest.approx(reasons.by_joint().sum() + reasons.average)
        np.testing.assert_allclose(reasons.by_joint(), shares[number], atol=1e-5)
        # In time too: every joint of every person, exactly.
        own = reasons.fused.sum(2) + reasons.past
        np.testing.assert_allclose(reasons.timed.sum(1), own, atol=1e-5)
        np.testing.assert_allclose(reasons.by_moment().mean(0), reasons.by_joint(), atol=1e-5)
    if persons == 3 and masked:
        assert not found.reasons(0).fused[1].any()
        assert not found.reasons(0).timed[1].any()


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_clips_add_up(model: SkelFuse | Pure, frames: int) -> None:
    x, _ = drawn(1, frames=frames, masked=False)
    nobody = torch.zeros(x.shape[:4], dtype=torch.bool)
    for mask in (None, nobody):
        reasons = evidence_of(model, x, mask).reasons(2)
        assert reasons.total == pytest.approx(reasons.logit, abs=1e-5)
        assert np.isfinite(reasons.timed).all()


def test_one_class_against_another_is_the_difference(model: SkelFuse | Pure) -> None:
    found = evidence_of(model, *drawn(2, masked=True))
    one, other, both = found.reasons(0), found.reasons(3), found.reasons(0, against=3)
    np.testing.assert_allclose(both.fused, one.fused - other.fused, atol=1e-9)
    np.testing.assert_allclose(both.timed, one.timed - other.timed, atol=1e-9)
    assert both.logit == pytest.approx(found.logits[0] - found.logits[3])
    assert both.total == pytest.approx(both.logit, abs=1e-5)


def only(worth: str) -> Pure:
    """Return a Pure whose classifier sees nothing but the maximum (or the mean) over persons."""
    model = built("pure", partner=False)  # what one does is nothing to the other
    assert isinstance(model, Pure)
    with torch.no_grad():
        half = model.classifier.in_features // 2
        blind = slice(half, None) if worth == "max" else slice(0, half)
        model.classifier.weight[:, blind] = 0
    return model


def test_the_maximum_is_the_evidence_of_whom_it_is_of() -> None:
    x, _ = drawn(1, masked=False)
    still = torch.zeros_like(x)
    both = torch.cat([still, x], dim=2)  # [1,T,2,N,D]: one stands still at the origin
    pure = only("max")
    reasons = evidence_of(pure, both).reasons(1)
    alone = evidence_of(pure, x).reasons(1)
    assert not reasons.fused[0].any()
    np.testing.assert_allclose(reasons.fused[1], alone.fused[0], atol=1e-6)


def test_the_mean_is_shared() -> None:
    x, _ = drawn(1, masked=False)
    pure = only("mean")
    reasons = evidence_of(pure, torch.cat([x, x], dim=2)).reasons(1)
    alone = evidence_of(pure, x).reasons(1)
    for person in range(2):
        np.testing.assert_allclose(reasons.fused[person], alone.fused[0] / 2, atol=1e-6)


def test_joints_are_named_in_the_order_that_the_model_was_given() -> None:
    order = tuple(reversed(range(N)))
    other = SkelFuse(KINECT_V2.permuted(order), CLASSES, size=NANO).eval()
    given = built("skelfuse")
    other.load_state_dict(given.state_dict())
    x, mask = drawn(2, masked=True)
    assert mask is not None
    one = evidence_of(given, x, mask).reasons(0)
    two = evidence_of(other, x[:, :, :, list(order)], mask[..., list(order)]).reasons(0)
    np.testing.assert_allclose(two.fused[:, ::-1], one.fused, atol=1e-5)
    np.testing.assert_allclose(two.timed[..., ::-1], one.timed, atol=1e-5)


def test_evidence_of_change_lies_where_something_changed() -> None:
    """A hand that jerks in frames 20 to 24 and rests otherwise: speed counts there alone."""
    pure = built("pure")
    hand = KINECT_V2.joints.index("right_hand")
    x = torch.zeros(1, 40, 1, N, 3)
    x[0, :, 0, hand, 0] = torch.from_numpy(np.interp(np.arange(40), [20, 24], [0, 1])).float()
    found: Evidence = evidence_of(pure, x)
    reasons = found.reasons(1)
    names = found.features
    speed = [feature.statistic == "mean |Δ|" and feature.scale == 1 for feature in names]
    from skelfuse.explain.evidence_time import over_time

    weight = np.zeros((1, N, len(names)))
    weight[..., speed] = 1
    when = over_time(found.signals, weight)[0]  # [T,N]
    assert when[:, hand].sum() == pytest.approx(found.values[0, hand][speed].sum(), rel=1e-5)
    assert when[:, hand].sum() > 0
    reach = 3  # of the kernels
    assert not np.abs(when[: 20 - reach, hand]).max() > 1e-6
    assert not np.abs(when[24 + 1 + reach :, hand]).max() > 1e-6
    foot = KINECT_V2.joints.index("left_foot")
    assert np.abs(reasons.fused[0, foot]).sum() < np.abs(reasons.fused[0, hand]).sum()


def test_what_does_not_split_is_told() -> None:
    plain = SkelFuse(KINECT_V2, CLASSES, size=NANO, fuse=False).eval()
    x, _ = drawn(1, masked=False)
    with pytest.raises(SkelfuseError, match=r"without FrierenFuse.*fuse: true.*or pure"):
        evidence_of(plain, x)
    pair = Skeleton("pair", joints=("a", "b"), bones=(("b", "a"),), root="a")
    with pytest.raises(SkelfuseError, match=r"STGCN do not split.*skelfuse.*or pure"):
        evidence_of(STGCN(pair, CLASSES), torch.zeros(1, 8, 1, 2, 3))
    with pytest.raises(SkelfuseError, match="one clip at a time"):
        evidence_of(built("pure"), x.repeat(2, 1, 1, 1, 1))
