"""Random numbers that belong to a clip and an epoch, not to the order in which they are drawn.

Every number is a hash of (seed, epoch, place of the clip in its split, purpose, counter). So a
clip is augmented alike whether one process or eight work, in whatever batch it falls, and
entering an epoch in the middle needs no replay. Adding an augmentation changes no other's draws.
The hash is the 32-bit finaliser of MurmurHash3 (A. Appleby, public domain), applied twice.
"""

from __future__ import annotations

import hashlib
import math
from enum import IntEnum

import torch
from torch import Tensor

_WORD = 0xFFFFFFFF


class Purpose(IntEnum):
    """What a random number is for; a number once given stays, so that old runs can be repeated."""

    ORDER = 0
    CROP = 1
    JITTER = 2
    TEMPO = 3
    REVERSE = 4
    PERSONS = 5
    MIRROR = 6
    ROTATE = 7
    SCALE = 8
    SHEAR = 9
    SHIFT = 10
    NOISE = 11
    JOINTS = 12
    FRAMES = 13
    UNEVEN = 14


def clip_keys(seed: int, epoch: int, places: Tensor) -> Tensor:
    """Return a key for each clip, `[B]` int64, from its place in the split, `places [B]`.

    >>> clip_keys(0, 0, torch.tensor([5, 6, 5])).unique().numel()
    2
    """
    digest = hashlib.sha256(f"{seed} {epoch}".encode()).digest()
    first, second = (int.from_bytes(digest[i : i + 4], "little") for i in (0, 4))
    return _mixed(_mixed((places.long() & _WORD) ^ first) ^ second)


def uniform(keys: Tensor, purpose: Purpose, count: int) -> Tensor:
    """Return numbers in [0, 1), `[B,count]` float32, on the device of `keys [B]`.

    >>> u = uniform(clip_keys(0, 0, torch.arange(1000)), Purpose.CROP, 8)
    >>> u.shape, round(float(u.mean()), 2)
    (torch.Size([1000, 8]), 0.5)
    """
    return (_words(keys, purpose, count) >> 8).float() * 2.0**-24


def symmetric(keys: Tensor, purpose: Purpose, count: int) -> Tensor:
    """Return numbers in [-1, 1), `[B,count]`."""
    return uniform(keys, purpose, count) * 2 - 1


def normal(keys: Tensor, purpose: Purpose, count: int) -> Tensor:
    """Return standard normal numbers, `[B,count]` float32 (Box and Muller's method).

    >>> z = normal(clip_keys(0, 0, torch.arange(1000)), Purpose.NOISE, 9)
    >>> z.shape, abs(round(float(z.mean()), 1)), round(float(z.std()), 1)
    (torch.Size([1000, 9]), 0.0, 1.0)
    """
    half = (count + 1) // 2
    radius, angle = uniform(keys, purpose, 2 * half).chunk(2, dim=1)
    radius = (1 - radius).log().mul(-2).sqrt()  # 1 - u is never 0
    angle = angle * (2 * math.pi)
    return torch.cat([radius * angle.cos(), radius * angle.sin()], dim=1)[:, :count]


def shuffled(seed: int, epoch: int, count: int) -> Tensor:
    """Return the order of an epoch, a permutation `[count]`.

    >>> sorted(shuffled(1, 2, 5).tolist())
    [0, 1, 2, 3, 4]
    """
    keys = clip_keys(seed, epoch, torch.arange(count))
    return _words(keys, Purpose.ORDER, 1)[:, 0].argsort(stable=True)


def _words(keys: Tensor, purpose: Purpose, count: int) -> Tensor:
    """Return 32 random bits in each element, `[B,count]` int64."""
    streams = _mixed(keys ^ (0x9E3779B9 * (int(purpose) + 1) & _WORD))
    counter = torch.arange(count, device=keys.device)
    return _mixed(_mixed(counter[None] ^ streams[:, None]) ^ keys[:, None])


def _mixed(x: Tensor) -> Tensor:
    # The factors are those of the hash less 2^32: equal in the low 32 bits, and the product of
    # a 32-bit number with them fits into 64 bits.
    x = ((x ^ (x >> 16)) * (0x85EBCA6B - 2**32)) & _WORD
    x = ((x ^ (x >> 13)) * (0xC2B2AE35 - 2**32)) & _WORD
    return x ^ (x >> 16)
