"""Python on one screen: what `import skelfuse` offers, and what it does not wait for."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import skelfuse
from helpers.commands import in_new_process
from skelfuse.batches import Augment, Sampling
from skelfuse.cli import main
from skelfuse.layouts import layout
from skelfuse.store import Store

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a store of 12 clips of two classes by 4 people, some clips with two bodies."""
    folder = tmp_path_factory.mktemp("top")
    draw = np.random.default_rng(0)
    lengths = draw.integers(10, 20, size=12)
    coords = draw.normal(size=(lengths.sum(), 2, 17, 2))
    coords[: lengths[:6].sum(), 1] = np.nan  # only later clips show a second body
    arrays: dict[str, Any] = {"lengths": lengths, "label": ["sit", "stand"] * 6, "fps": 30}
    arrays["joint_names"] = layout("coco-17").joints
    np.savez(folder / "a.npz", coords=coords, subject=np.repeat(list("abcd"), 3), **arrays)
    return skelfuse.preprocess(folder / "a.npz", folder / "a.h5")


@pytest.mark.process
def test_importing_waits_for_neither_torch_nor_numpy() -> None:
    script = (
        "import sys, skelfuse; assert {*skelfuse.__all__} <= {*dir(skelfuse)}\n"
        "found = {'torch', 'numpy', 'h5py', 'scipy', 'click', 'skelfuse.datasets'}\n"
        "sys.exit(', '.join(found & {*sys.modules}) or 0)"
    )
    in_new_process(script)


@pytest.mark.parametrize("name", skelfuse.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(skelfuse, name).__name__ == name


def test_no_other_name_is() -> None:
    with pytest.raises(AttributeError):
        skelfuse.nothing  # noqa: B018


def test_from_files_to_a_measured_run(store: Store, tmp_path: Path) -> None:
    heard: list[str] = []
    result = skelfuse.train(
        store.path,
        tmp_path / "run",
        config="generic",
        settings=["sampling.frames=8", "train.epochs=9"],
        protocol="kfold:2/1",
        size="nano",
        epochs=1,
        batch_size=4,
        seed=3,
        device="cpu",
        tell=heard.append,
    )
    assert (result.epochs, result.folder) == (1, tmp_path / "run")
    assert any(reason.startswith("sampling.persons") for reason in heard)
    assert not any("epochs" in reason for reason in heard)  # what is asked for is not chosen
    run = skelfuse.load(tmp_path / "run", device="cpu")
    config = run.run.config
    assert (config.seed, config.train.batch_size, config.model.size) == (3, 4, "nano")
    assert isinstance(run.model, torch.nn.Module)
    assert not run.model.training
    parts = skelfuse.split(store, "kfold:2/1")
    by_path = skelfuse.evaluate(tmp_path / "run", store, device="cpu")
    by_run = skelfuse.evaluate([run, run.run], store.path)
    assert by_path.metrics.clips == len(parts["test"]) == 6
    np.testing.assert_allclose(by_path.probability, by_run.probability, atol=1e-6)
    assert skelfuse.evaluate(run, store, part="all").metrics.clips == len(store)
    resumed = skelfuse.train(store, tmp_path / "run", resume=True, device="cpu")
    assert resumed.epochs == 1


def test_bad_files_are_a_warning_and_stop_no_other(store: Store, tmp_path: Path) -> None:
    good = store.path.with_suffix(".npz")
    (tmp_path / "cut.npz").write_bytes(good.read_bytes()[:500])
    (tmp_path / "good.npz").write_bytes(good.read_bytes())
    with pytest.warns(UserWarning, match=r"1 of 2 files had a problem, the first: .*cut\.npz"):
        made = skelfuse.preprocess(
            [tmp_path / "good.npz", tmp_path / "cut.npz"], tmp_path / "s.h5", input_format="npz"
        )
    assert len(made) == len(store)


def test_preprocess_offers_what_its_command_does() -> None:
    command = main.commands["preprocess"]
    offered = {parameter.name for parameter in command.params}
    # What only a terminal needs, and what has another name: a list instead of a file, yes for no.
    offered -= {"help", "report", "quiet", "verbose"}
    offered -= {"label_table", "skip_list", "no_filters"}
    asked = {*inspect.signature(skelfuse.preprocess).parameters}
    assert asked == offered | {"labels", "skip", "filters"}


def test_labels_beside_the_files(tmp_path: Path) -> None:
    coords = np.random.default_rng(0).normal(size=(60, 17, 2))
    (tmp_path / "ann").mkdir()
    np.savez(tmp_path / "ann" / "gait.npz", coords=coords, lengths=[60], name=["gait"])
    lines = ["file,label,start,end", "gait,walk,0,1", "gait,turn,1,2", "gait,turn,3,2"]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    with pytest.warns(UserWarning, match=r"1 lines of the labels had a problem.*line 4"):
        made = skelfuse.preprocess(
            tmp_path / "ann",
            tmp_path / "s.h5",
            skeleton="coco-17",
            fps=30,
            joints="!left_*",
            labels=tmp_path / "labels.csv",
            subject_from="folder",
        )
    assert [(clip.label, clip.frames, clip.subject) for clip in made] == [
        ("walk", 30, "ann"),
        ("turn", 30, "ann"),
    ]
    assert "left_hip" not in made.skeleton.joints


def test_what_is_missing_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(skelfuse.SkelfuseError, match="no protocol is given"):
        skelfuse.train(store, tmp_path / "run")
    with pytest.raises(skelfuse.SkelfuseError, match="did you mean 'generic'"):
        skelfuse.train(store, tmp_path / "run", config="generik")
    assert not (tmp_path / "run").exists()


def test_objects_say_what_they_are(store: Store, run: Path) -> None:
    assert repr(store) == f"Store({str(store.path)!r}: 12 clips of 2 classes, coco-17)"
    assert repr(store[0]).startswith("Clip('a-00001': sit, ")
    text = repr(skelfuse.load(run, device="cpu"))
    assert text.startswith(f"Recogniser({str(run / 'best.safetensors')!r}: skelfuse, epoch ")
    assert "3 classes" in text


@pytest.mark.parametrize("workers", [0, 2])
def test_a_store_is_a_dataset_for_a_loader(store: Store, workers: int) -> None:
    clips = store.as_torch_dataset(sampling=Sampling(frames=8))
    loader = DataLoader(clips, batch_size=5, num_workers=workers)
    batches = list(loader)
    x, mask, label = (torch.cat(parts) for parts in zip(*batches, strict=True))
    assert x.shape == (12, 8, 2, 17, 2)
    assert label.tolist() == store.labels.tolist()
    assert not mask[:6, :, 1].any()  # nobody is there
    assert not x[:6, :, 1].any()
    assert mask[6:].all()
    assert torch.isfinite(x).all()
    again, _, number = clips[-1]
    torch.testing.assert_close(again, x[-1])
    assert number == store.labels[-1]


def test_clips_of_a_dataset_are_those_of_an_evaluation(store: Store) -> None:
    from skelfuse.batches import Batches

    sampling = Sampling(frames=8, crop=(0.5, 0.8))
    chosen = [7, 2, 9]
    (batch,) = Batches(store, chosen, sampling=sampling).epoch()
    for place, (x, mask, _) in enumerate(
        map(store.as_torch_dataset(chosen, sampling=sampling).__getitem__, range(3))
    ):
        torch.testing.assert_close(x, batch.x[place])
        assert torch.equal(mask, batch.mask[place])


def test_random_clips_differ_and_follow_the_seed(store: Store) -> None:
    changes = Augment(mirror=0.5, noise=0.1)
    clips = store.as_torch_dataset(
        [8], sampling=Sampling(frames=8, crop=(0.5, 1.0)), augment=changes, random=True
    )
    torch.manual_seed(1)
    first, second = clips[0][0], clips[0][0]
    torch.manual_seed(1)
    assert torch.equal(clips[0][0], first)
    assert not torch.equal(first, second)
    with pytest.raises(skelfuse.SkelfuseError, match="random=True"):
        store.as_torch_dataset(augment=changes)
    with pytest.raises(IndexError):
        clips[1]
