"""What a step of training is made of: each part does what it is named for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2
from skelfuse.models import MODELS
from skelfuse.training.average import WeightAverage
from skelfuse.training.build import build_model
from skelfuse.training.config import KernelWeights, ModelChoice
from skelfuse.training.devices import device_named
from skelfuse.training.distributed import shard_size
from skelfuse.training.held_out import hold_out
from skelfuse.training.losses import balanced_weights, clip_losses, kernel_loss
from skelfuse.training.mixing import Mixed, mixed
from skelfuse.training.optimiser import make_optimiser, rate_at, undecayed
from skelfuse.training.update import RunningStatistics


@given(steps=st.integers(1, 500), warmup=st.integers(0, 499), final=st.floats(0, 1))
def test_the_rate_rises_then_falls_to_its_end(steps: int, warmup: int, final: float) -> None:
    warmup = min(warmup, steps - 1)
    rates = [rate_at(step, steps=steps, warmup=warmup, final=final) for step in range(steps)]
    assert all(0 <= rate <= 1 for rate in rates)
    assert rates[:warmup] == sorted(rates[:warmup])
    assert rates[warmup:] == sorted(rates[warmup:], reverse=True)
    assert rates[-1] > 0  # every step learns
    assert rate_at(steps, steps=steps, warmup=warmup, final=final) == pytest.approx(final)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_decay_spares_what_it_must(name: str) -> None:
    model = build_model(ModelChoice(name), KINECT_V2, 5)
    spared = undecayed(model)
    for key in dict(model.named_parameters()):
        special = (".taps", "head.raw", "project.raw", "beta", "bias", "norm", "identity")
        if any(word in key for word in special):
            assert key in spared, key
    weights = [key for key in dict(model.named_parameters()) if key not in spared]
    assert any("classifier.weight" in key for key in weights)
    optimiser = make_optimiser(model, learning_rate=1e-3, weight_decay=0.1)
    grouped = [p for group in optimiser.param_groups for p in group["params"]]
    assert len(grouped) == sum(p.requires_grad for p in model.parameters())
    assert {group["weight_decay"] for group in optimiser.param_groups} == {0.0, 0.1}


def test_a_step_without_gradient_moves_only_what_decays() -> None:
    model = build_model(ModelChoice("skelfuse", "pure", {"specialists": False}), KINECT_V2, 5)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimiser = make_optimiser(model, learning_rate=0.1, weight_decay=0.5)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    blocks = {f"alone.blocks.{n}.{part}.weight" for n in range(2) for part in ("across", "back")}
    assert moved == {"embed.free", "own_classifier.weight", *blocks}


@settings(deadline=None)
@given(
    clips=st.integers(4, 60),
    people=st.integers(1, 6),
    classes=st.integers(1, 4),
    share=st.floats(0.05, 0.6),
    seed=st.integers(0, 99),
)
def test_what_is_held_out_is_of_other_people_and_leaves_every_class(
    clips: int, people: int, classes: int, share: float, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    labels = draw.integers(classes, size=2 * clips)
    subjects = [str(draw.integers(people)) for _ in labels]
    train = np.arange(0, 2 * clips, 2)
    kept, aside, how = hold_out(train, labels, subjects, share=share, seed=seed)
    assert sorted([*kept, *aside]) == train.tolist()
    assert set(labels[kept]) == set(labels[train])
    if "subjects" in how:
        assert not {subjects[i] for i in kept} & {subjects[i] for i in aside}
    again = hold_out(train, labels, subjects, share=share, seed=seed)
    np.testing.assert_array_equal(again.validation, aside)


def test_without_subjects_a_part_of_every_class_is_held_out() -> None:
    labels = np.repeat([0, 1, 2], [40, 20, 1])
    kept, aside, how = hold_out(np.arange(61), labels, [None] * 61, share=0.1, seed=0)
    assert np.bincount(labels[aside], minlength=3).tolist() == [4, 2, 0]
    assert len(kept) == 55
    assert "each class" in how


def test_about_the_share_of_many_subjects_is_held_out() -> None:
    subjects = [str(i % 20) for i in range(2000)]
    labels = np.arange(2000) // 20 % 5
    aside = hold_out(np.arange(2000), labels, subjects, share=0.1, seed=3).validation
    assert len(aside) == 200


def test_classes_weigh_alike_when_balanced() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    weights = balanced_weights(labels, 3)
    assert weights[0] * 90 == pytest.approx(weights[1] * 10)
    assert weights[labels].mean() == pytest.approx(1)


def test_losses_are_cross_entropies_in_the_shares_of_the_mix() -> None:
    torch.manual_seed(0)
    logits, a, b = torch.randn(4, 3), torch.tensor([0, 1, 2, 0]), torch.tensor([1, 1, 0, 2])
    x, mask = torch.zeros(4, 1, 1, 1, 3), torch.ones(4, 1, 1, 1, dtype=torch.bool)
    share = torch.tensor([1.0, 0.7, 0.5, 0.9])
    clips = Mixed(x, mask, a)._replace(other=b, share=share)
    soft = share[:, None] * F.one_hot(a, 3) + (1 - share)[:, None] * F.one_hot(b, 3)
    expected = F.cross_entropy(logits, soft, reduction="none", label_smoothing=0.1)
    torch.testing.assert_close(clip_losses(logits, clips, smoothing=0.1), expected)
    weighted = clip_losses(logits, Mixed(x, mask, a), weights=torch.tensor([2.0, 1.0, 1.0]))
    plain = clip_losses(logits, Mixed(x, mask, a))
    torch.testing.assert_close(weighted / plain, torch.tensor([2.0, 1.0, 1.0, 2.0]))


@pytest.mark.parametrize("how", ["mixup", "cutmix"])
def test_a_mix_holds_each_class_in_its_share(how: str) -> None:
    torch.manual_seed(0)
    B, T = 64, 50
    label = torch.arange(B)
    x = label.float().view(B, 1, 1, 1, 1).expand(B, T, 1, 2, 3)
    mask = torch.ones(B, T, 1, 2, dtype=torch.bool)
    two = mixed(x, mask, label, how=how, alpha=1.0)  # type: ignore[arg-type]
    assert two.other is not None
    assert two.share is not None
    # A clip's value is its class, so the mean tells what it is made of.
    expected = two.share * label + (1 - two.share) * two.other
    torch.testing.assert_close(two.x.mean(dim=(1, 2, 3, 4)), expected, rtol=1e-4, atol=1e-4)
    assert two.share.min() >= 0.49
    assert two.share.std() > 0.05


def test_a_cut_mix_counts_the_frames_that_there_are() -> None:
    """Clips that are over early: what is cut into their padding is no part of them."""
    torch.manual_seed(0)
    B, T = 64, 40
    label = torch.arange(B)
    frames = torch.randint(5, T + 1, (B,))
    mask = (torch.arange(T) < frames[:, None])[:, :, None, None].expand(B, T, 1, 2)
    x = label.float().view(B, 1, 1, 1, 1).expand(B, T, 1, 2, 3)
    two = mixed(x, mask, label, how="cutmix", alpha=1.0)
    assert two.other is not None
    assert two.share is not None
    seen = two.mask[:, :, 0, 0]
    own = (two.x[:, :, 0, 0, 0] == label[:, None]) & seen
    apart = two.other != label
    expected = own.sum(dim=1) / seen.sum(dim=1).clamp_min(1)
    torch.testing.assert_close(two.share[apart], expected[apart])


def test_mixing_never_shows_what_nobody_saw() -> None:
    torch.manual_seed(0)
    x = torch.ones(8, 10, 2, 3, 3)
    mask = torch.rand(8, 10, 2, 3) > 0.5
    x = x * mask[..., None]
    for how in ("mixup", "cutmix"):
        two = mixed(x, mask, torch.arange(8), how=how, alpha=1.0)
        torch.testing.assert_close(two.x[..., 0], two.mask.float())


def test_the_average_follows_and_forgets_its_start() -> None:
    model = nn.BatchNorm1d(2)
    average = WeightAverage(model, decay=0.9)
    nn.init.constant_(model.weight, 3.0)
    for step in range(200):
        average.follow(model, average.share(step))
    torch.testing.assert_close(average.model.weight, torch.full((2,), 3.0))
    assert not any(p.requires_grad for p in average.model.parameters())


def test_running_statistics_are_right_after_few_steps() -> None:
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(1)
    statistics = RunningStatistics(norm)
    for batch in range(5):
        statistics.at(batch)
        norm(5 + 0.01 * torch.randn(400, 1))
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.running_mean.item() == pytest.approx(5, abs=0.01)
    assert norm.running_var.item() == pytest.approx(1e-4, rel=0.2)
    statistics.at(1000)
    assert norm.momentum == 0.1


def test_kernel_loss_is_the_weighted_sum_and_none_without_kernels() -> None:
    one = {"scales": [1], "bank": 1, "streams": ["joint"]}
    model = build_model(ModelChoice("skelfuse", "pure", one), KINECT_V2, 5)
    loss = kernel_loss(model, KernelWeights(weight_sum=0, smoothness=2.0, diversity=0))
    assert loss is not None
    assert loss.item() == pytest.approx(2.0 * 0.1 * 4)  # from -1 to 1 is a step of 2
    fixed = build_model(ModelChoice("skelfuse", "pure", {"learnable": False}), KINECT_V2, 5)
    assert kernel_loss(fixed, KernelWeights()) is None
    assert kernel_loss(build_model(ModelChoice("ddnet"), KINECT_V2, 5), KernelWeights()) is None


def test_devices_and_batches_that_cannot_be_are_told() -> None:
    with pytest.raises(SkelfuseError, match="no such device"):
        device_named("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(SkelfuseError, match=r"'cuda' is not there.*use --device cpu"):
            device_named("cuda")
        assert device_named("auto").type == "cpu"
    with pytest.raises(SkelfuseError, match=r"--set train\.batch_size=12"):
        shard_size(10, 4)
    with pytest.raises(SkelfuseError, match=r"--set train\.batch_size=8"):
        shard_size(4, 4)
