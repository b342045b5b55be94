"""Streams beside the kernels: exact velocity, and waves of place and time."""

from __future__ import annotations

import torch

from skelfuse.layouts import KINECT_V2
from skelfuse.models.spectral_streams import SpectralStreams

N = len(KINECT_V2)


def test_exact_velocity_is_beside_the_kernels() -> None:
    streams = SpectralStreams(KINECT_V2, None, motion=True)
    swing = torch.sin(torch.pi * 7 * torch.arange(31) / 30)  # fast: a difference would underrate it
    x = torch.zeros(1, 31, N, 3)
    x[0, :, :, 1] = swing[:, None]
    found = streams(x)[0, :, 3, streams.plain_channels :]  # [T,2D]
    exact = torch.pi * 7 / 30 * torch.cos(torch.pi * 7 * torch.arange(31) / 30)
    torch.testing.assert_close(found[:, 1], exact, rtol=1e-4, atol=1e-4)
    assert found[:, 3:].abs().max() < 1e-5  # all joints move alike, no bone does


def test_waves_know_the_share_of_the_clip_that_has_passed() -> None:
    streams = SpectralStreams(KINECT_V2, None, fourier=5)
    x = torch.ones(1, 20, N, 3)
    mask = torch.zeros(1, 20, N, dtype=torch.bool)
    mask[:, 4:15] = True
    waves = streams(x, mask)[..., streams.plain_channels :]
    torch.testing.assert_close(waves[:, 4:15], streams(x[:, :11])[..., streams.plain_channels :])
    assert waves[0, 4, 0].sub(waves[0, 14, 0]).abs().max() > 1e-2
    assert not waves[0, :4].any()
