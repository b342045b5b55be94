"""Bones for bodies without any: the shortest tree, the same for every clip of a store."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import ran
from skelfuse.clip import Clip
from skelfuse.datasets.clips import reading_of_store
from skelfuse.skeleton import Skeleton
from skelfuse.spanning_tree import spanning_bones
from skelfuse.store import Store

NAMES = ("d", "a", "c", "b", "e")


def line(order: str = "abcde", missing: str = "") -> Clip:
    """Return joints that stand one metre apart, in an order."""
    body = Skeleton("line", NAMES, (), "d", dimensions=2)
    coords = np.zeros((3, 1, 5, 2))
    coords[..., 0] = [order.index(name) for name in NAMES]
    coords[:, :, [NAMES.index(name) for name in missing]] = np.nan
    return Clip(coords, body, name="line")


@pytest.mark.parametrize("order", ["abcde", "ecabd", "dbeac"])
def test_neighbours_are_joined_whatever_the_order_of_the_joints(order: str) -> None:
    bones = spanning_bones(line(order))
    assert {frozenset(bone) for bone in bones} == {frozenset(pair) for pair in pairwise(order)}
    assert bones[0][1] == order[2]  # the one in the middle is the root


def test_a_joint_that_is_never_seen_is_joined_to_none() -> None:
    bones = spanning_bones(line(missing="c"))
    assert {frozenset(bone) for bone in bones} == {frozenset(p) for p in ("ab", "bd", "de")}
    assert spanning_bones(line(missing="abcde")) == ()


def test_a_store_has_one_tree_and_later_files_have_it_too(tmp_path: Path) -> None:
    head = "scorer,x,x,x,x,x,x\nbodyparts,nose,nose,body,body,tail,tail\ncoords,x,y,x,y,x,y\n"
    (tmp_path / "a.csv").write_text(head + "0,0,0,4,0,9,0\n")
    (tmp_path / "b.csv").write_text(head + "0,0,0,9,0,1,0\n")
    ran("preprocess", tmp_path, "--out", tmp_path / "s.h5", "--join")
    store = Store(tmp_path / "s.h5")
    assert store.skeleton.bones == (("nose", "body"), ("tail", "body"))
    reading = reading_of_store(store.provenance, store.skeleton)
    assert reading.bones == (("nose", "body"), ("tail", "body"))
