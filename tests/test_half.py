"""What half precision cannot hold is told, where a store is made and where a run recognises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import called
from skelfuse.clip import Clip
from skelfuse.clips.preparation import Preparation
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17
from skelfuse.store import Store
from skelfuse.store.writer import packed

FAR = r"a number that half precision cannot hold: expected at most 65,504, found 65,505; make"


def clip(reach: float) -> Clip:
    coords = np.random.default_rng(0).normal(size=(4, 1, 17, 2)).astype(np.float32)
    coords[1, 0, 2, 1] = reach
    return Clip(coords, COCO_17, name="a")


def test_a_clip_beyond_half_precision_is_left_out_and_told(tmp_path: Path) -> None:
    for reach in (65504, 65505):
        np.save(tmp_path / f"{reach}.npy", clip(-reach).coords)
    made = ("--skeleton", "coco-17", "--half")  # noise is no body that would be guessed
    result = called("preprocess", tmp_path, "--out", tmp_path / "s.h5", *made)
    assert result.exit_code == 3, result.output
    assert "65505.npy: clip '65505' has a number that half" in result.stderr
    assert "expected at most 65,504, found 65,505; make the store without --half" in result.stderr
    store = Store(tmp_path / "s.h5")
    assert store.names == ["65504"]
    assert store.coords(0)[1, 0, 2, 1] == -65504


def test_confidences_are_no_exception() -> None:
    sure = np.full((4, 1, 17), 65505, np.float32)
    with pytest.raises(SkelfuseError, match=FAR):
        packed(replace(clip(1), confidence=sure), half=True)


@pytest.mark.parametrize("scale", [False, True])
def test_a_run_on_such_a_store_tells_it_of_new_clips(scale: bool) -> None:
    made = Preparation(COCO_17, half=True, scale=scale)
    assert np.isfinite(made.prepared(made.matched(clip(65504))).coords).all()
    with pytest.raises(SkelfuseError, match="half precision"):
        made.prepared(made.matched(clip(1e7)))
    if not scale:  # a window of the clip would be taken for one that shows nobody
        with pytest.raises(SkelfuseError, match=FAR):
            made.matched(clip(65505))


def test_a_clip_of_such_a_store_can_be_recognised_again() -> None:
    kept = clip(65504)
    again = replace(kept, coords=kept.coords.astype(np.float16))
    prepared = Preparation(COCO_17, half=True).prepared(Preparation(COCO_17).matched(again))
    np.testing.assert_array_equal(prepared.coords, again.coords.astype(np.float32))
