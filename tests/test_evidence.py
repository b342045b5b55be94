"""A decision taken apart adds up, belongs to whom it should, and happened when it did."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from helpers.as_trained import as_trained
from skelfuse.errors import SkelfuseError
from skelfuse.explain.evidence import evidence_of
from skelfuse.explain.evidence_time import over_time
from skelfuse.layouts import KINECT_V2
from skelfuse.models import STGCN, Size, SkelFuse
from skelfuse.models.sizes import NANO
from skelfuse.skeleton import Skeleton

CLASSES = 4
N = len(KINECT_V2)
LITTLE = Size(channels=4, alone=(1, 2), summary=4, width=8, dilations=(1,), voters=2)


def built(name: str, *, streams: tuple[str, ...] = ("joint", "bone", "partner")) -> SkelFuse:
    torch.manual_seed(3)
    model = SkelFuse(
        KINECT_V2,
        CLASSES,
        size=LITTLE,
        streams=streams,
        windows=(1, 2, 4) if name == "windows" else (1,),
        together=0.0 if name == "pure" else 0.5,
        directions=3,
    )
    as_trained(model)
    return model


def drawn(persons: int, *, frames: int = 31, masked: bool) -> tuple[Tensor, Tensor | None]:
    torch.manual_seed(persons)
    x = torch.randn(1, frames, persons, N, 3).cumsum(1) / 3
    return x, (torch.rand(1, frames, persons, N) > 0.3 if masked else None)


@pytest.fixture(params=["both paths", "windows", "pure"], scope="module")
def model(request: pytest.FixtureRequest) -> SkelFuse:
    return built(request.param)


@pytest.mark.parametrize(("persons", "masked"), [(1, False), (2, True), (3, True)])
def test_the_parts_add_up_to_the_logit(model: SkelFuse, persons: int, *, masked: bool) -> None:
    x, mask = drawn(persons, masked=masked)
    if mask is not None:
        mask[:, :, persons // 2] &= persons < 3  # somebody is not there
        mask[..., 7] = False  # a joint that is never seen
    found = evidence_of(model, x, mask)
    with torch.no_grad():
        logits = model(x, mask)[0].numpy()
        shares = model.by_joint(x, mask)
    for number in range(CLASSES):
        reasons = found.reasons(number)
        parts = reasons.own.sum() - reasons.usual.sum() + reasons.together + reasons.bias
        assert reasons.logit == pytest.approx(logits[number], abs=1e-5)
        assert parts == pytest.approx(logits[number], abs=1e-5)
        assert reasons.total == pytest.approx(parts, abs=1e-9)
        np.testing.assert_allclose(reasons.by_joint(), shares.shares[0, number], atol=1e-5)
        assert reasons.together == pytest.approx(float(shares.together[0, number]), abs=1e-5)
        assert reasons.bias == pytest.approx(float(shares.rest[number]), abs=1e-6)
        # In time too: every joint of every person, exactly.
        np.testing.assert_allclose(reasons.timed.sum(1), reasons.own.sum(2), atol=1e-5)
        np.testing.assert_allclose(reasons.by_moment().mean(0), reasons.by_joint(), atol=1e-5)
        if masked:
            assert reasons.by_joint()[7] == 0
    assert found.reasons(0).together == 0 or model.together is not None
    if persons == 3 and masked:
        assert not found.reasons(0).own[1].any()
        assert not found.reasons(0).timed[1].any()


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_clips_add_up(model: SkelFuse, frames: int) -> None:
    x, _ = drawn(1, frames=frames, masked=False)
    nobody = torch.zeros(x.shape[:4], dtype=torch.bool)
    for mask in (None, nobody):
        reasons = evidence_of(model, x, mask).reasons(2)
        assert reasons.total == pytest.approx(reasons.logit, abs=1e-5)
        assert np.isfinite(reasons.timed).all()


def test_one_class_against_another_is_the_difference(model: SkelFuse) -> None:
    found = evidence_of(model, *drawn(2, masked=True))
    one, other, both = found.reasons(0), found.reasons(3), found.reasons(0, against=3)
    np.testing.assert_allclose(both.own, one.own - other.own, atol=1e-9)
    np.testing.assert_allclose(both.timed, one.timed - other.timed, atol=1e-9)
    assert both.together == pytest.approx(one.together - other.together)
    assert both.logit == pytest.approx(found.logits[0] - found.logits[3])
    assert both.total == pytest.approx(both.logit, abs=1e-5)


def only(worth: str) -> SkelFuse:
    """Return a model whose own path sees only the maximum (or the mean) over persons."""
    model = built("pure", streams=("joint", "bone"))  # what one does is nothing to the other
    half = model.own_classifier.in_features // 2
    blind = slice(half, None) if worth == "max" else slice(0, half)
    with torch.no_grad():
        model.own_classifier.weight[:, blind] = 0
    return model


def test_the_maximum_is_the_evidence_of_whom_it_is_of() -> None:
    x, _ = drawn(2, masked=False)
    model = only("max")
    found = evidence_of(model, x)
    with torch.no_grad():
        y = model.own(x)[0]  # [M,N,C]
    first = y.argmax(dim=0)  # [N,C]
    assert first.float().mean() == pytest.approx(0.5, abs=0.2)  # each of them is first at times
    for person in range(2):
        np.testing.assert_array_equal(found.worth[1, person] != 0, first == person)


def test_the_mean_is_shared() -> None:
    x, _ = drawn(1, masked=False)
    model = only("mean")
    reasons = evidence_of(model, torch.cat([x, x], dim=2)).reasons(1)
    alone = evidence_of(model, x).reasons(1)
    for person in range(2):
        np.testing.assert_allclose(reasons.own[person], alone.own[0] / 2, atol=1e-6)


def test_joints_are_named_in_the_order_that_the_model_was_given() -> None:
    order = tuple(reversed(range(N)))
    other = SkelFuse(KINECT_V2.permuted(order), CLASSES, size=NANO).eval()
    torch.manual_seed(3)
    given = SkelFuse(KINECT_V2, CLASSES, size=NANO)
    as_trained(given)
    other.load_state_dict(given.state_dict())
    x, mask = drawn(2, masked=True)
    assert mask is not None
    one = evidence_of(given, x, mask).reasons(0)
    two = evidence_of(other, x[:, :, :, list(order)], mask[..., list(order)]).reasons(0)
    np.testing.assert_allclose(two.own[:, ::-1], one.own, atol=1e-5)
    np.testing.assert_allclose(two.timed[..., ::-1], one.timed, atol=1e-5)


def test_evidence_of_change_lies_where_something_changed() -> None:
    """A hand that jerks in frames 20 to 24 and rests otherwise: speed counts there alone."""
    torch.manual_seed(3)
    bare = Size(channels=4, alone=(), summary=4, width=8, dilations=(), together=0.0)
    model = SkelFuse(KINECT_V2, CLASSES, size=bare, streams=("joint",))
    as_trained(model)
    hand, foot = (KINECT_V2.joints.index(joint) for joint in ("right_hand", "left_foot"))
    x = torch.zeros(1, 40, 1, N, 3)
    x[0, :, 0, hand, 0] = torch.from_numpy(np.interp(np.arange(40), [20, 24], [0, 1])).float()
    found = evidence_of(model, x)
    speed = [one.statistic == "mean |Δ|" and one.scale == 1 for one in found.features]
    weight = np.zeros((1, N, len(found.features)))
    weight[..., speed] = 1
    when = over_time(found.signals, weight)[0]  # [S,N], steps of two frames
    assert when[:, hand].sum() == pytest.approx(found.values[0, hand][speed].sum(), rel=1e-5)
    assert when[:, hand].sum() > 1e-3
    reach = 2  # steps: of the kernels, and from one step to the next
    assert np.abs(when[: 10 - reach, hand]).max() < 1e-6
    assert np.abs(when[12 + 1 + reach :, hand]).max() < 1e-6
    assert np.abs(when[:, foot]).max() < 1e-6


def test_what_does_not_split_is_told() -> None:
    plain = SkelFuse(KINECT_V2, CLASSES, size=NANO, fuse=False).eval()
    x, _ = drawn(1, masked=False)
    with pytest.raises(SkelfuseError, match=r"without FrierenFuse.*fuse: true"):
        evidence_of(plain, x)
    pair = Skeleton("pair", joints=("a", "b"), bones=(("b", "a"),), root="a")
    with pytest.raises(SkelfuseError, match=r"decisions of STGCN are no sum.*model skelfuse"):
        evidence_of(STGCN(pair, CLASSES), torch.zeros(1, 8, 1, 2, 3))
    with pytest.raises(SkelfuseError, match="one clip at a time"):
        evidence_of(built("pure"), x.repeat(2, 1, 1, 1, 1))
