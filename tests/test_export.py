"""`skelfuse export`: the graph decides as the run does, wherever torch or ONNX Runtime is."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from helpers import stick_figure
from helpers.commands import called, ran
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.export import FACTS, export_run, facts_of, inputs, onnx_file, writing
from skelfuse.export.onnx_file import onnx_bytes, onnx_session
from skelfuse.layers.spans import without_gaps
from skelfuse.predict import load
from skelfuse.run import load_run
from skelfuse.training import ModelChoice

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "without_torch.py"
MODELS = {  # that every model can be exported for torch is one of the contracts
    "skelfuse": ModelChoice("skelfuse", "nano"),
    "stgcn": ModelChoice("stgcn", options={"channels": (4,), "blocks": (1,)}),
}
ELSEWHERE = {
    ".pt2": """
import sys, numpy, torch
graph, given, found = sys.argv[1:]
arrays = numpy.load(given)
with torch.no_grad():
    answer = torch.export.load(graph).module()(*map(torch.from_numpy, arrays.values()))
assert "skelfuse" not in sys.modules
numpy.save(found, answer.numpy())
""",
    ".onnx": """
import sys, numpy, onnxruntime
graph, given, found = sys.argv[1:]
(answer,) = onnxruntime.InferenceSession(graph).run(None, dict(numpy.load(given)))
assert "skelfuse" not in sys.modules and "torch" not in sys.modules
numpy.save(found, answer)
""",
}

pytestmark = [pytest.mark.usefixtures("exportable"), pytest.mark.export]


class Exported(NamedTuple):
    run: Path
    graph: Path
    told: str


@pytest.fixture(scope="module")
def exported(
    stick_run: Callable[[ModelChoice], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Exported]:
    """Return what trains a model, exports it by the command, and does so once."""

    @functools.cache
    def made(name: str, kind: str) -> Exported:
        run = stick_run(MODELS[name])
        graph = tmp_path_factory.mktemp(name) / f"model{kind}"
        result = ran("export", run, "--out", graph)
        return Exported(run, graph, result.stdout)

    return made


def performed() -> list[Clip]:
    """Return clips of one and of two people, of different lengths, with joints missing."""
    clips = []
    for seed, action in enumerate(stick_figure.ACTIONS):
        coords = stick_figure.acted(action, 40 + 9 * seed, seed=70 + seed)[:, None]
        if seed == 1:
            other = stick_figure.acted("wave", len(coords), seed=80)[:, None]
            coords = np.concatenate([coords, other], axis=1)
        coords[10:20, 0, 3] = np.nan
        clips.append(stick_figure.clip_of(coords, name=action))
    return clips


@pytest.mark.process
def test_where_torch_alone_is_the_graph_decides_as_the_run(
    exported: Callable[[str, str], Exported], tmp_path: Path
) -> None:
    decides_as_the_run(exported("stgcn", ".pt2"), tmp_path)


@pytest.mark.process
def test_where_not_even_torch_is_the_graph_decides_as_the_run(
    exported: Callable[[str, str], Exported], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One test: a graph takes a while to be written as ONNX."""
    import onnxruntime

    made = exported("skelfuse", ".onnx")
    decides_as_the_run(made, tmp_path)
    session = onnxruntime.InferenceSession(made.graph)
    given = {one.name: (one.type, one.shape) for one in session.get_inputs()}
    assert given == {
        "x": ("tensor(float)", ["batch", 16, 2, 5, 2]),
        "mask": ("tensor(bool)", ["batch", 16, 2, 5]),
    }
    (probabilities,) = session.get_outputs()
    assert (probabilities.name, probabilities.shape) == ("probabilities", ["batch", 3])
    facts = json.dumps(facts_of(load_run(made.run)), ensure_ascii=False)
    assert session.get_modelmeta().custom_metadata_map == {FACTS: facts}
    the_example_decides_as_the_run(made, tmp_path / "clip.npy", monkeypatch)


def decides_as_the_run(made: Exported, folder: Path) -> None:
    given, found = folder / "given.npz", folder / "found.npy"
    recogniser, clips = load(made.run, device="cpu"), performed()
    x, mask, *_ = inputs(recogniser, clips)
    np.savez(given, x=x.numpy(), mask=mask.numpy())
    alone = inputs(recogniser, clips[:1])  # nobody else is there, and yet has a place
    assert torch.equal(alone.x, x[:1])
    assert torch.equal(alone.mask, mask[:1])
    words = [sys.executable, "-c", ELSEWHERE[made.graph.suffix]]
    words += map(str, (made.graph, given, found))
    subprocess.run(words, check=True, cwd=folder, timeout=120)
    expected = [recogniser.predict(clip).probabilities for clip in clips]
    np.testing.assert_allclose(np.load(found), np.stack(expected), atol=1e-5)


def by_the_example(graph: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what the example prints: it needs no more than the graph does, which is seen above."""
    assert not re.search(r"import (torch|skelfuse)", EXAMPLE.read_text(encoding="utf-8"))
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), str(graph), str(clip)])
    with contextlib.redirect_stdout(io.StringIO()) as said:
        runpy.run_path(str(EXAMPLE), run_name="__main__")
    return said.getvalue()


def the_example_decides_as_the_run(
    made: Exported, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recogniser = load(made.run, device="cpu")
    for clip in performed():
        np.save(path, clip.coords)
        told = by_the_example(made.graph, path, monkeypatch)
        found = {line.split()[1]: float(line.split()[0]) for line in told.splitlines()}
        expected = recogniser.predict(clip).probabilities
        assert [*found.values()] == sorted(found.values(), reverse=True)
        for name, probability in zip(recogniser.run.class_names, expected, strict=True):
            assert found[name] == pytest.approx(probability, abs=1e-4), clip.name
    headless = performed()[0].coords.copy()
    headless[:, :, stick_figure.JOINTS.index(recogniser.run.skeleton.centre[0])] = np.nan
    for coords, why in (
        (np.zeros((9, 7, 2)), "expected 5 joints in 2 dimensions"),
        (np.full((9, 5, 2), np.nan), "some seen"),
        (headless, "never shows the centre"),
    ):
        np.save(path, coords)
        with pytest.raises(SystemExit, match=why):
            by_the_example(made.graph, path, monkeypatch)


def test_the_file_says_what_goes_in_and_what_comes_out(
    exported: Callable[[str, str], Exported],
) -> None:
    _, graph, told = exported("stgcn", ".pt2")
    assert "x              [B, 16, 2, 5, 2]  float32" in told
    assert "probabilities  [B, 3]" in told
    kept = {FACTS: ""}
    torch.export.load(graph, extra_files=kept)
    facts = json.loads(kept[FACTS])
    assert facts["classes"] == ["bow", "nod", "wave"]
    assert facts["skeleton"]["joints"] == list(stick_figure.JOINTS)
    assert (facts["x"], facts["mask"]) == (["batch", 16, 2, 5, 2], ["batch", 16, 2, 5])
    sampling = {"frames": 16, "mode": "resize", "persons": 2, "centre": True, "share": 1.0}
    assert sampling.items() <= facts["sampling"].items()
    store = {"align": False, "scale": False, "half": False, "max_persons": 2}
    assert facts["store"] == store


def test_a_graph_with_other_numbers_is_not_written(
    exported: Callable[[str, str], Exported], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load_run(exported("stgcn", ".pt2").run)
    monkeypatch.setattr(writing, "TOLERANCE", 0.0)
    with pytest.raises(SkelfuseError, match="does not give the model's numbers"):
        export_run(run, tmp_path / "model.pt2")
    assert not [*tmp_path.iterdir()]


def test_what_cannot_be_exported_is_told(
    exported: Callable[[str, str], Exported], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = exported("stgcn", ".pt2").run
    assert "no such run" in called("export", tmp_path / "nowhere", "--out", "a.pt2").stderr
    told = called("export", run, "--out", tmp_path / "no folder" / "a.pt2")
    assert (told.exit_code, "cannot write the graph" in told.stderr) == (1, True)
    told = called("export", run, "--out", tmp_path / "a.pth")
    assert "unknown kind of graph: expected a name that ends in .pt2 or .onnx" in told.stderr
    monkeypatch.setattr(onnx_file, "NEEDED", ("onnxscript", "no such package"))
    told = called("export", run, "--out", tmp_path / "a.onnx")
    assert "an .onnx file needs no such package; pip install 'skelfuse[onnx]'" in told.stderr
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    told = called("export", run, "--out", tmp_path / "a.pt2")
    assert "cannot export the model: expected 2.6 or later, found 2.5.1+cpu" in told.stderr
    assert not [*tmp_path.iterdir()]


class _Bridged(torch.nn.Module):
    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return without_gaps(x, mask)


@pytest.mark.parametrize("frames", [1, 13])
def test_gaps_are_bridged_in_onnx_too(frames: int) -> None:
    mask = torch.rand(5, frames, 3, generator=torch.Generator().manual_seed(frames)) > 0.6
    mask[0, :, 0] = False
    x = torch.randn(5, frames, 3, 2).masked_fill(~mask[..., None], 0)
    graph = onnx_session(onnx_bytes(torch.export.export(_Bridged(), (x, mask)), (x, mask), ""))
    torch.testing.assert_close(graph(x, mask), without_gaps(x, mask))


class _Fourier(torch.nn.Module):
    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        spectrum = torch.fft.rfft(x, dim=1)[..., None] * mask
        again: torch.Tensor = torch.fft.irfft(spectrum, dim=1)
        return again


def test_what_onnx_has_no_words_for_is_told() -> None:
    given = torch.randn(2, 8), torch.ones(2, dtype=torch.bool)
    with pytest.raises(SkelfuseError, match=r"ONNX lacks .*model\.frequencies\.global_filter"):
        onnx_bytes(torch.export.export(_Fourier(), given), given, "")
