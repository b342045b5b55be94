"""`skelfuse export`: the graph decides as the run does, wherever torch is."""

from __future__ import annotations

import functools
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

import skelfuse.export
from skelfuse.cli import main
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.export import export_run, inputs
from skelfuse.predict import load
from skelfuse.run import load_run
from skelfuse.training import ModelChoice

FIGURE = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("stick_figure.py"))))
MODELS = {  # that every model can be exported is one of the contracts
    "skelfuse": ModelChoice("skelfuse", "nano"),
    "stgcn": ModelChoice("stgcn", options={"channels": (4,), "blocks": (1,)}),
}
ELSEWHERE = """
import sys, numpy, torch
graph, given, found = sys.argv[1:]
arrays = numpy.load(given)
with torch.no_grad():
    answer = torch.export.load(graph).module()(*map(torch.from_numpy, arrays.values()))
assert "skelfuse" not in sys.modules
numpy.save(found, answer.numpy())
"""

pytestmark = pytest.mark.usefixtures("exportable")


class Exported(NamedTuple):
    run: Path
    graph: Path
    told: str


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Exported]:
    """Return what trains a model, exports it by the command, and does so once."""

    @functools.cache
    def made(name: str) -> Exported:
        folder = tmp_path_factory.mktemp(name)
        run: Path = FIGURE.train_run(folder, MODELS[name])
        result = called("export", run, "--out", folder / "model.pt2")
        assert result.exit_code == 0, result.output
        return Exported(run, folder / "model.pt2", result.stdout)

    return made


def performed() -> list[Clip]:
    """Return clips of one and of two people, of different lengths, with joints missing."""
    clips = []
    for seed, action in enumerate(FIGURE.ACTIONS):
        coords = FIGURE.acted(action, 40 + 9 * seed, seed=70 + seed)[:, None]
        if seed == 1:
            other = FIGURE.acted("wave", len(coords), seed=80)[:, None]
            coords = np.concatenate([coords, other], axis=1)
        coords[10:20, 0, 3] = np.nan
        clips.append(FIGURE.clip_of(coords, name=action))
    return clips


def called(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize("name", MODELS)
def test_where_skelfuse_is_not_the_graph_decides_as_the_run(
    name: str, exported: Callable[[str], Exported], tmp_path: Path
) -> None:
    run, graph, _ = exported(name)
    given, found = tmp_path / "given.npz", tmp_path / "found.npy"
    recogniser, clips = load(run, device="cpu"), performed()
    x, mask, *_ = inputs(recogniser, clips)
    np.savez(given, x=x.numpy(), mask=mask.numpy())
    alone = inputs(recogniser, clips[:1])  # nobody else is there, and yet has a place
    assert torch.equal(alone.x, x[:1])
    assert torch.equal(alone.mask, mask[:1])
    words = [sys.executable, "-c", ELSEWHERE, *map(str, (graph, given, found))]
    subprocess.run(words, check=True, cwd=tmp_path, timeout=120)
    expected = [recogniser.predict(clip).probabilities for clip in clips]
    np.testing.assert_allclose(np.load(found), np.stack(expected), atol=1e-5)


def test_the_file_says_what_goes_in_and_what_comes_out(
    exported: Callable[[str], Exported],
) -> None:
    _, graph, told = exported("skelfuse")
    assert "x              [B, 16, 2, 5, 2]  float32" in told
    assert "probabilities  [B, 3]" in told
    kept = {"skelfuse.json": ""}
    torch.export.load(graph, extra_files=kept)
    facts = json.loads(kept["skelfuse.json"])
    assert facts["classes"] == ["bow", "nod", "wave"]
    assert facts["skeleton"]["joints"] == list(FIGURE.JOINTS)
    assert (facts["x"], facts["mask"]) == (["batch", 16, 2, 5, 2], ["batch", 16, 2, 5])
    sampling = {"frames": 16, "mode": "resize", "persons": 2, "centre": True, "share": 1.0}
    assert sampling.items() <= facts["sampling"].items()
    assert facts["store"] == {"align": False, "scale": False}


def test_a_graph_with_other_numbers_is_not_written(
    exported: Callable[[str], Exported], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skelfuse.export, "TOLERANCE", 0.0)
    with pytest.raises(SkelfuseError, match="does not give the model's numbers"):
        export_run(load_run(exported("stgcn").run), tmp_path / "model.pt2")
    assert not [*tmp_path.iterdir()]


def test_what_cannot_be_exported_is_told(
    exported: Callable[[str], Exported], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = exported("skelfuse").run
    assert "no such run" in called("export", tmp_path / "nowhere", "--out", "a.pt2").stderr
    told = called("export", run, "--out", tmp_path / "no folder" / "a.pt2")
    assert (told.exit_code, "cannot write the graph" in told.stderr) == (1, True)
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    told = called("export", run, "--out", tmp_path / "a.pt2")
    assert "cannot export the model: expected 2.6 or later, found 2.5.1+cpu" in told.stderr
    assert not [*tmp_path.iterdir()]
