"""A run of the model's first edition is refused in one line that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from helpers.checkpoints import write_run
from helpers.commands import refused
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17
from skelfuse.run import load_run
from skelfuse.training import ModelChoice, build_model, config_from_dict
from skelfuse.training.build import checked_choice
from skelfuse.training.checkpoint import BEST, LAST
from skelfuse.training.resume import saved_config

OLD: dict[str, dict[str, Any]] = {
    "skelfuse": {"name": "skelfuse", "size": "nano", "scales": [1, 2], "distances": True},
    "partner": {"name": "skelfuse", "size": "small", "partner": False, "dct_window": 0},
    "pure": {"name": "pure", "scales": [1, 2], "outputs": 64},
}
LINE = (
    "this run is of the model's first edition, which is no longer supported; "
    "train it anew: skelfuse train"
)


def checkpoint(folder: Path, model: dict[str, Any], weights: dict[str, torch.Tensor]) -> Path:
    config = {**config_from_dict({}).as_dict(), "model": model}
    for name in (BEST, LAST):
        write_run(folder / name, weights, config, COCO_17, ["sit", "stand"])
    return folder


@pytest.mark.parametrize("name", OLD)
def test_it_is_told_with_its_file_and_what_to_do(name: str, tmp_path: Path) -> None:
    weights = {"streams.kernels.taps": torch.ones(2, 3)}
    run = checkpoint(tmp_path / "run", OLD[name], weights)
    with pytest.raises(SkelfuseError) as error:
        load_run(run)
    assert str(error.value).startswith(f"{run / BEST}: {LINE}")
    with pytest.raises(SkelfuseError, match=LINE):
        saved_config(run)
    assert refused("inspect-kernels", run) == f"Error: {error.value}"


def test_weights_of_other_names_are_told(tmp_path: Path) -> None:
    config = config_from_dict({"model": {"size": "nano", "streams": ["joint"]}})
    weights = build_model(config.model, COCO_17, 2).state_dict()
    weights["mixer.0.weight"] = weights.pop("together.gather.weight")
    run = checkpoint(tmp_path / "run", config.as_dict()["model"], weights)
    with pytest.raises(SkelfuseError) as error:
        load_run(run)
    (line,) = str(error.value).splitlines()
    assert "weights are not this model's; the first that differs: 'mixer.0.weight'" in line
    assert "use the version of skelfuse that wrote it" in line


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"distances": False}, r"streams: \[joint, bone, distances\]"),
        ({"partner": True}, r"streams: \[joint, bone, distances, partner\]"),
        ({"dct_window": 16}, r"--set model\.frequencies\.dct_window="),
        ({"global_filter": True}, r"--set model\.frequencies\.global_filter="),
    ],
)
def test_a_configuration_of_the_first_edition_is_told_what_says_the_same_now(
    options: dict[str, Any], remedy: str
) -> None:
    (key,) = options
    with pytest.raises(SkelfuseError, match=f"'skelfuse' has no '{key}'; .*{remedy}"):
        checked_choice(ModelChoice("skelfuse", "nano", options))
    with pytest.raises(SkelfuseError, match=r"'pure' is a size now.*--set model\.size=pure"):
        checked_choice(ModelChoice("pure"))
