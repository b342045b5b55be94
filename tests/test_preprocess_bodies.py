"""Files with a body of one's own: one store of those that show the same, in whichever order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from helpers.commands import called
from skelfuse.store import Store

JOINTS = ["neck", "left_hip", "right_hip", "left_foot", "right_foot"]
BONES = [
    ("left_hip", "neck"),
    ("right_hip", "neck"),
    ("left_foot", "left_hip"),
    ("right_foot", "right_hip"),
]
COORDS = np.random.default_rng(0).normal(size=(6, 5, 3)).astype(np.float16)  # half loses nothing
SURE = np.linspace(0, 1, 30).reshape(6, 5).astype(np.float16)


def saved(folder: Path, name: str, order: list[int], **arrays: object) -> None:
    """Write two clips of the same body whose joints are listed in an order."""
    given = {
        "coords": COORDS[:, order],
        "confidence": SURE[:, order],
        "lengths": [2, 4],
        "label": ["sit", "wave"],
        "joint_names": [JOINTS[i] for i in order],
        "bones": BONES[::-1] if order[0] else BONES,
        **arrays,
    }
    np.savez(folder / f"{name}.npz", **given)  # type: ignore[arg-type]


def preprocess(folder: Path, *more: str) -> Result:
    return called("preprocess", folder, "--out", folder / "s.h5", *more)


@pytest.mark.parametrize("more", [(), ("--half",)], ids=str)
def test_one_body_in_several_files_and_orders_is_one_store(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    for name, order in (("a", [0, 1, 2, 3, 4]), ("b", [0, 1, 2, 3, 4]), ("c", [4, 2, 0, 3, 1])):
        saved(tmp_path, name, order)
    result = preprocess(tmp_path, *more)
    assert result.exit_code == 0, result.output
    store = Store(tmp_path / "s.h5")
    assert list(store.skeleton.joints) == JOINTS
    assert len(store) == 6
    for i, rows in enumerate([slice(0, 2), slice(2, 6)] * 3):
        np.testing.assert_array_equal(store.coords(i)[:, 0], COORDS[rows])
        sure = store.confidence(i)
        assert sure is not None
        np.testing.assert_array_equal(sure[:, 0], SURE[rows])
    assert not any(bad for _, bad in store.damaged())


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        (
            {"joint_names": ["head", *JOINTS[1:]], "bones": [(1, 0), (2, 0), (3, 1), (4, 2)]},
            "without 'neck' and with 'head' besides",
        ),
        ({"bones": [(1, 0), (2, 0), (3, 2), (4, 1)]}, "other bones"),
        ({"coords": COORDS[..., :2]}, "other dimensions"),
    ],
)
def test_what_another_body_has_is_told(
    tmp_path: Path, arrays: dict[str, object], told: str
) -> None:
    saved(tmp_path, "a", [0, 1, 2, 3, 4])
    saved(tmp_path, "b", [0, 1, 2, 3, 4], **arrays)
    result = preprocess(tmp_path)
    assert result.exit_code == 3
    assert "b.npz: a clip of another skeleton than the clips before it" in result.output
    assert f"expected file (5 joints), found file (5 joints): {told}" in result.output
