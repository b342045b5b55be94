"""What is said of a gate is what it does: of known weights, and of runs by the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from helpers import inspected_runs
from helpers.checkpoints import write_run
from helpers.inspected_runs import told
from helpers.stores import stored
from skelfuse.batches import Batches
from skelfuse.cli.inspect_kernels import inspect_kernels
from skelfuse.errors import SkelfuseError
from skelfuse.inspect.frame_rate import FrameRate
from skelfuse.inspect.gate_plot import plot_gate
from skelfuse.inspect.gate_report import GateReport, report_gate, report_spectrum
from skelfuse.inspect.gate_source import gate_of_run
from skelfuse.inspect.gate_text import gate_dict, gate_text
from skelfuse.layers import ChannelGate, DCTChannels
from skelfuse.layouts import COCO_17
from skelfuse.models import Frequencies, SkelFuse
from skelfuse.models.sizes import NANO
from skelfuse.models.spectrum import Spectrum
from skelfuse.run import load_run
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training.checkpoint import LAST

ARM = Skeleton("arm", joints=("elbow", "hand"), bones=(("hand", "elbow"),), root="elbow")
OPEN = torch.tensor(
    [[1, 1], [0, 1], [0, 1], [1, 1], [0, 0], [1, 0], [0, 0], [0, 0]]
).bool()  # [F,N]


def decided(gate: ChannelGate, opened: torch.Tensor) -> ChannelGate:
    """Let a static gate keep the channels `opened [F,N]` alone."""
    with torch.no_grad():
        gate.weights.zero_()
        gate.weights[..., 1] = torch.where(opened, 1.0, -1.0)
    return gate


def static(frames: int | None = None) -> GateReport:
    return report_gate(DCTChannels(8), decided(ChannelGate((8, 2)), OPEN), ARM, frames=frames)


def test_a_static_gate_is_told_in_hertz() -> None:
    report = static()
    assert report.closed == 1 - 7 / 16
    lines = gate_text(report, rate=FrameRate(32.0)).splitlines()
    # Channel k of a window of 8 frames is k half-cycles in a quarter of a second.
    elbow, hand = (
        next(line.split() for line in lines if line.startswith(joint)) for joint in ARM.joints
    )
    assert elbow == ["elbow", "3/8", "62%", "█▁▁█▁█▁▁", "0.0,", "6.0,", "10.0"]
    assert hand == ["hand", "4/8", "50%", "████▁▁▁▁", "0.0", "to", "6.0"]
    assert lines[-2].split()[:3] == ["all", "7/16", "56%"]
    assert lines[-1] == "windows of 8 frames; frequencies are 2 Hz apart"
    unknown = gate_text(report, rate=FrameRate())
    assert "0.000 to 0.188" in unknown
    assert "Hz" not in unknown


def test_the_frequencies_are_those_of_the_transform() -> None:
    dct = DCTChannels(8)
    found = gate_dict(static(), rate=FrameRate(25.0))
    assert found["frequencies"] == pytest.approx(dct.hertz(25.0))
    # 12 frames are two windows of 6, which have 6 frequencies.
    found = gate_dict(static(frames=12), rate=FrameRate(25.0))
    assert found["frequencies"] == pytest.approx(dct.hertz(25.0, frames=6)[:6])
    assert found["open"]["elbow"] == [1, 0, 0, 1, 0, 1]
    assert found["closed"] == pytest.approx(1 - 7 / 12)
    json.dumps(found, allow_nan=False)


def test_what_is_said_to_be_open_is_what_passes() -> None:
    gate = decided(ChannelGate((8, 2)), OPEN).eval()
    report = report_gate(DCTChannels(8), gate, ARM)
    passed = gate(torch.ones(1, 8, 2))[0]
    assert report.open is not None
    np.testing.assert_array_equal(report.open, passed.detach().numpy())


def test_a_pruned_branch_tells_what_it_computes() -> None:
    whole = Spectrum(ARM, 4, window=8, gate="static")
    assert whole.gate is not None
    decided(whole.gate, OPEN)
    kept = {joint: [k for k in range(8) if OPEN[k, n]] for n, joint in enumerate(ARM.joints)}
    before = report_spectrum(whole, ARM)
    after = report_spectrum(Spectrum(ARM, 4, window=8, kept=kept), ARM)
    assert before is not None
    assert after is not None
    assert before.open is not None
    np.testing.assert_array_equal(after.open, before.open)
    assert after.kind == "pruned"
    assert after.cycles == before.cycles
    assert report_spectrum(Spectrum(ARM, 4, window=8), ARM) is None


def test_a_dynamic_gate_is_not_known_without_clips(tmp_path: Path) -> None:
    dct, gate = DCTChannels(8), ChannelGate((8, 2), mode="dynamic")
    report = report_gate(dct, gate, ARM)
    assert report.closed is None
    assert "give a store" in gate_text(report, rate=FrameRate(30.0))
    assert gate_dict(report, rate=FrameRate(30.0))["open"] is None
    with pytest.raises(SkelfuseError, match="give a store"):
        plot_gate(report, tmp_path / "a.png", title="", rate=FrameRate())
    shares = torch.linspace(0, 1, 16).view(8, 2)
    report = report_gate(dct, gate, ARM, shares=shares, bodies=30)
    assert report.closed == pytest.approx(0.5)
    assert report.kept(0) == [(4, 7)]
    assert "of 30 bodies" in gate_text(report, rate=FrameRate(30.0))
    for ending in ("png", "svg"):
        plot_gate(report, tmp_path / f"a.{ending}", title="$a$_$", rate=FrameRate(30.0))
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


def test_a_gate_of_other_channels_is_an_error() -> None:
    with pytest.raises(SkelfuseError, match=r"expected channels \(8, 2\), found \(2, 8\)"):
        report_gate(DCTChannels(8), ChannelGate((2, 8)), ARM)


def gated_run(folder: Path, kind: Literal["none", "static", "dynamic"]) -> Path:
    """Return a run of random weights, one joint of which the gate has closed."""
    torch.manual_seed(1)
    config = inspected_runs.config_of(size="nano", frequencies={"dct_window": 6, "gate": kind})
    model = SkelFuse(COCO_17, 2, size=NANO, frequencies=Frequencies(dct_window=6, gate=kind))
    assert model.spectrum is not None
    gate, closed = model.spectrum.gate, model.fold.skeleton.joints.index("nose")
    with torch.no_grad():
        if gate is not None and gate.mode == "static":
            gate.weights[:, closed, 1] = -9.0
        elif gate is not None:
            gate.excite.bias.view(6, 17, 2)[:, closed, 1] = -9.0
            gate.excite.weight.mul_(30.0)  # so that clips differ
    names = inspected_runs.NAMES
    write_run(folder / LAST, model.state_dict(), config.as_dict(), COCO_17, names)
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    found: Store = inspected_runs.store_of(tmp_path_factory.mktemp("gates") / "store.h5", COCO_17)
    return found


@pytest.mark.long
@pytest.mark.slow
def test_the_command_tells_what_a_static_gate_keeps(store: Store, tmp_path: Path) -> None:
    run, picture = gated_run(tmp_path / "run", "static"), tmp_path / "gate.png"
    text = told(inspect_kernels, run, "--fps", "15", "--plot-gate", picture, "--all")
    (nose,) = (line.split() for line in text.splitlines() if line.startswith("nose"))
    assert nose == ["nose", "0/6", "100%", "▁▁▁▁▁▁", "none"]
    assert picture.read_bytes()[:4] == b"\x89PNG"
    found = json.loads(told(inspect_kernels, run, "--fps", "15", "--format", "json"))["gate"]
    # 11 frames are two windows of 5.5 on average: half-cycles in 11 / 30 s.
    assert found["frequencies"] == pytest.approx([k * 15 / 11 for k in range(6)])
    assert found["open"]["nose"] == [0] * 6
    assert found["open"]["left_wrist"] == [1] * 6
    kept = sum(map(sum, found["open"].values()))
    assert f"{kept:g}/{6 * 17}" in told(inspect_kernels, run, "--all")
    marked = told(inspect_kernels, run, "--fps", "15", "--format", "markdown")
    assert "| nose | 0/6 |" in marked


@pytest.mark.slow
def test_a_dynamic_gate_is_measured_on_the_bodies_of_a_store(store: Store, tmp_path: Path) -> None:
    run = gated_run(tmp_path / "run", "dynamic")
    assert "give a store" in told(inspect_kernels, run, "--fps", "15", "--all")
    data = ("--data", store.path, "--format", "json")
    found = json.loads(told(inspect_kernels, run, *data))["gate"]
    assert found["bodies"] == len(store)
    loaded = load_run(run)
    model = loaded.model
    assert isinstance(model, SkelFuse)
    assert model.spectrum is not None
    assert model.spectrum.gate is not None
    seen: list[torch.Tensor] = []
    gate = model.spectrum.gate
    hook = gate.register_forward_hook(
        lambda _, given, out: seen.append(
            (out != 0).flatten(3).any(3) | (given[0] == 0).all(-1).all(-1)
        )
    )
    for batch in Batches(store, range(len(store)), sampling=loaded.config.sampling).epoch():
        model(batch.x, batch.mask)
    hook.remove()
    opened = torch.cat(seen).double().mean(0)  # [F,N]
    some = 0
    for n, joint in enumerate(model.fold.skeleton.joints):
        np.testing.assert_allclose(found["open"][joint], opened[:, n], atol=1e-9, err_msg=joint)
        some += sum(0 < share < 1 for share in found["open"][joint])
    assert found["open"]["nose"] == [0] * 6
    assert some  # the choice differs between clips, or a mean would say nothing


def test_the_order_of_joints_means_nothing(store: Store, tmp_path: Path) -> None:
    run = load_run(gated_run(tmp_path / "run", "dynamic"))
    order = tuple(range(len(store.skeleton)))[::-1]
    body = replace(store.skeleton.permuted(order), name="mine")
    clips = (replace(one, coords=one.coords[:, :, order], skeleton=body) for one in store)
    turned = gate_of_run(run, stored(tmp_path / "turned.h5", clips))
    plain = gate_of_run(run, store)
    assert turned is not None
    assert plain is not None
    assert turned.joints == plain.joints
    np.testing.assert_array_equal(turned.open, plain.open)


def test_a_store_of_another_body_is_told(tmp_path: Path) -> None:
    run = load_run(gated_run(tmp_path / "run", "dynamic"))
    other = inspected_runs.store_of(tmp_path / "other.h5", ARM)
    with pytest.raises(SkelfuseError, match="different skeletons"):
        gate_of_run(run, other)


@pytest.mark.slow
def test_a_model_without_a_gate_has_nothing_to_tell(store: Store, tmp_path: Path) -> None:
    run = gated_run(tmp_path / "run", "none")
    assert json.loads(told(inspect_kernels, run, "--format", "json"))["gate"] is None
    assert "frequencies are kept" not in told(inspect_kernels, run, "--all")
    assert "\ngate" not in told(inspect_kernels, run)
    with pytest.raises(SkelfuseError, match="no gate to draw"):
        told(inspect_kernels, run, "--plot-gate", tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
