"""What a student is told: likelihoods and divergences that are what they say."""

from __future__ import annotations

from math import log, pi

import numpy as np
import pytest
import torch

from skelfuse.errors import SkelfuseError
from skelfuse.training import Distill
from skelfuse.training.distill import (
    LEAST_VARIANCE,
    FeatureBound,
    gaussian_log_likelihood,
)
from skelfuse.training.losses import softened_divergence


def test_the_likelihood_is_the_gaussians() -> None:
    value, mean = torch.tensor([[1.0, -2.0], [0.5, 0.0]]), torch.tensor([[0.0, 1.0], [0.5, 0.0]])
    variance = torch.tensor([2.0, 9.0])
    found = gaussian_log_likelihood(value, mean, variance)
    normal = -0.5 * (log(2 * pi * 2) + log(2 * pi * 9)) / 2
    by_hand = [normal - 0.5 * (1 / 2 + 9 / 9) / 2, normal]
    torch.testing.assert_close(found, torch.tensor(by_hand))


def test_the_divergence_is_that_of_softened_probabilities() -> None:
    teacher, student = torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([[0.0, 2.0, 0.0]])
    for temperature in (1.0, 2.0, 5.0):
        p, q = (np.exp(one[0].double().numpy() / temperature) for one in (teacher, student))
        p, q = p / p.sum(), q / q.sum()
        by_hand = temperature**2 * (p * np.log(p / q)).sum()
        found = softened_divergence(student, teacher, temperature)
        torch.testing.assert_close(found, torch.tensor([by_hand], dtype=torch.float32))
    assert softened_divergence(teacher, teacher + 3, 4.0).abs().max() < 1e-6


@pytest.mark.training
def test_the_bound_stays_below_the_mutual_information_and_comes_near() -> None:
    """For t = s + noise the information is ½·log(1 + signal/noise), and t's entropy is known."""
    torch.manual_seed(0)
    signal, noise = 1.0, 0.25
    bound = FeatureBound(evidence=1, features=1)
    optimiser = torch.optim.Adam(bound.parameters(), lr=0.02)
    for _ in range(300):
        s = signal**0.5 * torch.randn(512, 1)
        loss = -bound(s, s + noise**0.5 * torch.randn_like(s)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    entropy = 0.5 * log(2 * pi * (signal + noise)) + 0.5
    information = 0.5 * log(1 + signal / noise)
    s = signal**0.5 * torch.randn(200_000, 1)
    with torch.no_grad():
        reached = entropy + bound(s, s + noise**0.5 * torch.randn_like(s)).mean().item()
    assert information - 0.05 < reached < information + 0.01
    assert bound.variance().item() == pytest.approx(noise, abs=0.04)


def test_a_feature_that_never_varies_is_worth_no_more_than_the_least_variance() -> None:
    bound = FeatureBound(evidence=2, features=1)
    linear = bound.mean[1]
    assert isinstance(linear, torch.nn.Linear)
    with torch.no_grad():
        bound.raw.fill_(-100.0)
        linear.weight.zero_()
        linear.bias.fill_(3.0)
    told = bound(torch.randn(4, 2), torch.full((4, 1), 3.0))
    torch.testing.assert_close(told, torch.full((4,), -0.5 * log(2 * pi * LEAST_VARIANCE)))


@pytest.mark.parametrize("weights", [{"logits": -1.0}, {"features": -0.1}, {"temperature": 0.0}])
def test_weights_that_cannot_be_are_told(weights: dict[str, float]) -> None:
    with pytest.raises(SkelfuseError, match=f"'{next(iter(weights))}' is out of range"):
        Distill("t", **weights)
