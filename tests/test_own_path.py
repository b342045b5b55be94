"""The own path: what a joint adds to a decision is its own, and all that it adds is told."""

from __future__ import annotations

import random

import pytest
import torch
from torch import Tensor

from helpers.as_trained import as_trained
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2, NW_UCLA
from skelfuse.models import Size, SkelFuse
from skelfuse.models.explainable import OwnSum, explainable
from skelfuse.models.stgcn import STGCN
from skelfuse.models.streams import marks_of

BODY = KINECT_V2
CLASSES, VOTERS, C, Y = 5, 2, 3, 4
LITTLE = Size(channels=C, alone=(1, 2), summary=Y, width=8, dilations=(1, 2), voters=VOTERS)
MARKS = set(marks_of(BODY))


def model(**options: object) -> SkelFuse:
    torch.manual_seed(0)
    made = SkelFuse(BODY, CLASSES, **{"size": LITTLE, **options})  # type: ignore[arg-type]
    as_trained(made)
    return made


def clips(count: int = 3, persons: int = 2, frames: int = 15) -> tuple[Tensor, Tensor]:
    torch.manual_seed(count)
    x = torch.randn(count, frames, persons, len(BODY), 3).cumsum(dim=1) / 3
    return x, torch.rand(x.shape[:4]) > 0.2


@pytest.fixture(scope="module", params=["pure", "small"])
def named(request: pytest.FixtureRequest) -> SkelFuse:
    """Return models as they are trained."""
    return model(size=request.param)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("joint", ["left_wrist", "right_knee", "head", "spine_base"])
def test_what_a_joint_did_is_its_own(joint: str, masked: bool, named: SkelFuse) -> None:
    x, seen = clips()
    mask = seen if masked else None
    j = BODY.index(joint)
    own = {j, BODY.parents[j], *(BODY.index(mark) for mark in MARKS)}
    others = [n for n in range(len(BODY)) if n not in own]
    before = named.own(x, mask)
    assert before.shape[:3] == (3, 2, 25)
    moved = x.clone()
    moved[:, :, :, others] += torch.randn(3, 15, 2, len(others), 3) * 5
    after = named.own(moved, mask)
    assert torch.equal(after[:, :, j], before[:, :, j])
    assert all(not torch.equal(after[:, :, n], before[:, :, n]) for n in others)


def test_a_joint_sees_no_other_but_those_that_its_streams_name() -> None:
    x, mask = clips(1)
    x = x.requires_grad_()
    bare = model(streams=("joint", "bone"))
    own = bare.own(x, mask)  # [B,M,N,V·C]
    for j in range(len(BODY)):
        (gradient,) = torch.autograd.grad(own[0, 0, j].square().sum(), x, retain_graph=True)
        reached = gradient.abs().sum(dim=(0, 1, 4)) > 0  # [M,N]
        assert set(reached[0].nonzero().flatten().tolist()) == {j, BODY.parents[j]}
        assert not reached[1].any()  # the other person


@pytest.mark.parametrize("options", [{}, {"together": 0.0}, {"fuse": False}])
def test_a_joint_that_was_not_seen_adds_exactly_nothing(options: dict[str, object]) -> None:
    made = model(**options)
    x, mask = clips()
    lost, once = BODY.index("left_wrist"), BODY.index("right_wrist")
    mask[:, :, :, lost] = False
    mask[0, :, 0, once] = False  # another person shows it
    y = made.own(x.masked_fill(~mask[..., None], torch.nan), mask)
    assert not y[:, :, lost].any()
    assert not y[0, 0, once].any()
    assert y[0, 1, once].any()
    shares = made.by_joint(x, mask).shares
    assert not shares[:, :, lost].any()
    assert shares[:, :, once].any()
    found = made.taken_apart(x[:1], mask[:1])
    assert not found.by_joint()[:, lost].any()
    assert not found.seen[:, lost].any()


def gradient(votes: Tensor, made: SkelFuse) -> dict[str, bool]:
    """Say which parts a loss of some votes reaches."""
    made.zero_grad()
    votes.square().sum().backward(retain_graph=True)  # type: ignore[no-untyped-call]
    return {
        part: any(
            p.grad is not None and bool(p.grad.any()) for p in made.get_submodule(part).parameters()
        )
        for part in ("embed", "alone", "own_classifier", "together", "together_classifier")
    }


def test_each_path_decides_alone_with_losses_of_its_own() -> None:
    made = model().train()
    votes = made(*clips())
    assert votes.shape == (3, 2 * VOTERS, CLASSES)
    for vote in range(2 * VOTERS):
        own = vote < VOTERS
        assert gradient(votes[:, vote], made) == {
            "embed": True,
            "alone": own,
            "own_classifier": own,
            "together": not own,
            "together_classifier": not own,
        }


def test_the_own_path_decides_as_it_does_without_the_other() -> None:
    both, alone = model(together=0.5), model(together=0.0)
    alone.load_state_dict(both.state_dict(), strict=False)
    given = clips()
    own, together = both.paths(both.features(*given))
    torch.testing.assert_close(own, 0.5 * alone(*given))
    torch.testing.assert_close(own + together, both(*given))
    assert together.abs().max() > 0.01
    assert set(alone.state_dict()) < set(both.state_dict())
    assert not any("together" in name for name in alone.state_dict())


def test_without_a_together_path_only_the_own_one_votes() -> None:
    made = model(together=0.0)
    given = clips()
    features = made.features(*given)
    assert made.together is None
    assert made.together_norm is None
    assert made.together_classifier is None
    assert features.shape == (3, made.num_features)
    assert made.num_features == 2 * len(BODY) * VOTERS * Y
    own, together = made.paths(features)
    torch.testing.assert_close(own, made(*given))
    assert not together.any()
    assert made.train()(*given).shape == (3, VOTERS, CLASSES)


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_how_much_the_together_path_has_to_say(share: float) -> None:
    halves, other = model(together=0.5), model(together=share)
    other.load_state_dict(halves.state_dict(), strict=share > 0)
    if share == 0:
        return
    given = clips()
    own, together = halves.paths(halves.features(*given))
    torch.testing.assert_close(other(*given), 2 * (1 - share) * own + 2 * share * together)


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_that_cannot_be_is_told(share: float) -> None:
    with pytest.raises(SkelfuseError, match="'together' is out of range: expected 0 to 1"):
        model(together=share)


def whole(found: OwnSum) -> Tensor:
    return found.by_joint().sum(dim=1) + found.together + found.bias


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{}, {"together": 0.0}, {"fuse": False}, {"windows": (1, 2)}, {"size": "small"}],
    ids=["both", "own", "average", "windows", "small"],
)
@pytest.mark.parametrize(("persons", "masked"), [(1, False), (3, True)])
def test_a_decision_taken_apart_adds_up(
    options: dict[str, object], persons: int, masked: bool
) -> None:
    made = model(**options)
    x, seen = clips(1, persons)
    if persons == 3:
        seen[:, :, 1] = False  # somebody is not there
    mask = seen if masked else None
    found, logits = made.taken_apart(x, mask), made(x, mask)[0]
    torch.testing.assert_close(found.logits, logits, rtol=0, atol=1e-5)
    torch.testing.assert_close(whole(found), logits, rtol=0, atol=1e-5)
    torch.testing.assert_close(found.y, made.own(x, mask)[0])
    assert found.worth.shape == (CLASSES, *found.y.shape)
    assert found.seen.shape == (persons, len(BODY))
    split = made.by_joint(x, mask)
    torch.testing.assert_close(split.logits[0], logits)
    torch.testing.assert_close(split.shares[0], found.by_joint(), rtol=0, atol=1e-5)
    torch.testing.assert_close(split.together[0], found.together, rtol=0, atol=1e-5)
    total = split.shares.sum(dim=2) + split.together + split.rest
    torch.testing.assert_close(total[0], logits, rtol=0, atol=1e-5)
    if found.named is None:
        assert made.frieren is None
        return
    assert made.frieren is not None
    assert (found.named.features >= 0).all()
    summary = found.named.features @ made.frieren.weight()  # what y is made of
    torch.testing.assert_close(summary, found.y, rtol=1e-4, atol=1e-5)


def test_one_clip_at_a_time_is_taken_apart() -> None:
    with pytest.raises(SkelfuseError, match="expected 1, found 3"):
        model().taken_apart(*clips())


def test_a_batch_is_split_as_its_clips_are() -> None:
    made, (x, mask) = model(), clips()
    together = made.by_joint(x, mask)
    for i in range(3):
        alone = made.by_joint(x[i : i + 1], mask[i : i + 1])
        torch.testing.assert_close(together.shares[i], alone.shares[0], rtol=0, atol=1e-5)
        torch.testing.assert_close(together.logits[i], alone.logits[0], rtol=0, atol=1e-5)


def test_the_order_of_persons_is_theirs() -> None:
    made, (x, mask) = model(), clips(1, persons=3)
    order = [2, 0, 1]
    found, other = made.taken_apart(x, mask), made.taken_apart(x[:, :, order], mask[:, :, order])
    torch.testing.assert_close(other.y, found.y[order], rtol=0, atol=1e-5)
    torch.testing.assert_close(other.worth, found.worth[:, order], rtol=0, atol=1e-5)
    assert torch.equal(other.seen, found.seen[order])
    torch.testing.assert_close(other.by_joint(), found.by_joint(), rtol=0, atol=1e-5)


def test_joints_are_in_the_order_of_the_file() -> None:
    order = tuple(random.Random(0).sample(range(len(BODY)), len(BODY)))
    made = model()
    other = SkelFuse(BODY.permuted(order), CLASSES, size=LITTLE).eval()
    other.load_state_dict(made.state_dict())
    x, mask = clips(1)
    moved = x[:, :, :, list(order)], mask[:, :, :, list(order)]
    assert made.joints == BODY.joints
    assert other.joints == tuple(BODY.joints[n] for n in order)
    columns = list(order)
    torch.testing.assert_close(other.own(*moved), made.own(x, mask)[:, :, columns])
    found, same = made.taken_apart(x, mask), other.taken_apart(*moved)
    torch.testing.assert_close(same.by_joint(), found.by_joint()[:, columns], rtol=0, atol=1e-5)
    torch.testing.assert_close(same.y, found.y[:, columns])
    shares = made.by_joint(x, mask).shares[..., columns]
    torch.testing.assert_close(other.by_joint(*moved).shares, shares, rtol=0, atol=1e-5)


def test_a_moving_joint_is_what_the_sum_names() -> None:
    made = model(streams=("joint",))
    x = torch.zeros(1, 30, 1, len(BODY), 3) + torch.randn(1, 1, 1, len(BODY), 3)
    j = BODY.index("right_hand")
    before = made.taken_apart(x).by_joint()
    x[:, :, :, j] += torch.randn(1, 30, 1, 3).cumsum(dim=1)
    changed = (made.taken_apart(x).by_joint() - before).abs().amax(dim=0)
    assert changed[j] > 1e-3
    changed[j] = 0
    assert changed.max() < 1e-6


def test_a_head_has_names() -> None:
    made = model(streams=("joint", "bone"), scales=(1,))
    head = made.head()
    assert head.joints == made.fold.skeleton.joints  # the model's own order
    assert head.inputs == made.features_of.names
    assert head.inputs[:4] == ("joint x", "joint y", "joint z", "joint x, scale1")
    assert head.directions.shape == (VOTERS * 8, len(head.inputs))
    assert len(head.features) == head.weight.shape[0]
    assert head.weight.shape[1] == VOTERS * Y
    assert (head.weight >= 0).all()
    assert head.worth.shape == (CLASSES, len(BODY), VOTERS * Y)


def test_what_a_joint_is_worth_in_a_clip_of_one_person() -> None:
    made, (x, mask) = model(), clips(1, persons=1)
    order = [made.head().joints.index(joint) for joint in BODY.joints]
    worth = made.taken_apart(x, mask).worth[:, 0]
    seen = mask[0, :, 0].any(dim=0)
    torch.testing.assert_close(worth[:, seen], made.head().worth[:, order][:, seen])


def test_who_can_be_explained() -> None:
    made = model()
    assert explainable(made) is made
    with pytest.raises(SkelfuseError, match="the decisions of STGCN are no sum over joints"):
        explainable(STGCN(NW_UCLA, 3, channels=(4,), blocks=(1,)))


def test_classes_can_be_exchanged() -> None:
    made, given = model(), clips()
    features = made.features(*given)
    made.reset_classifier(9)
    assert made(*given).shape == (3, 9)
    assert made.train()(*given).shape == (3, 2 * VOTERS, 9)
    assert torch.equal(made.eval().features(*given).isnan(), features.isnan())
