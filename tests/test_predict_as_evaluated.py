"""Files are recognised as the store that is made from them is evaluated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from helpers.commands import called, ran
from helpers.stick_figure import STICK, acted, stored
from skelfuse.batches import Batches, Sampling
from skelfuse.clip import Clip
from skelfuse.clips.provenance import Provenance
from skelfuse.datasets.clips import find_clip_files, read_clips, reading_of_store
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.synth.dataset import write_dataset
from skelfuse.errors import SkelfuseError
from skelfuse.predict import Recogniser
from skelfuse.run import Run, load_run
from skelfuse.store import Store
from skelfuse.training import Fit, ModelChoice, TrainConfig, train

pytestmark = pytest.mark.training

Array = npt.NDArray[Any]


def evaluated(run: Run, store: Store, crops: int = 1) -> Array:
    """Return the probabilities `[C,K]` of all clips by way of the store."""
    found = []
    sampling = run.config.sampling
    for batch in Batches(store, np.arange(len(store)), sampling=sampling, crops=crops).epoch():
        with torch.no_grad():
            found.append(run.model(batch.x, batch.mask).softmax(dim=1))
    return np.asarray(torch.unflatten(torch.cat(found), 0, (-1, crops)).mean(dim=1))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return files with a Kinect's faults, of one person and of two."""
    folder = tmp_path_factory.mktemp("raw")
    write_dataset(folder, clips=30, classes=20, seed=5)
    return folder


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "jobs"), [({}, 1), ({"align": True, "scale": True, "half": True}, 2)]
)
def test_raw_files_are_recognised_as_their_store_is_evaluated(
    raw: Path, tmp_path: Path, options: dict[str, bool], jobs: int
) -> None:
    store = stored(raw, tmp_path / "store.h5", **options)
    assert set(store.persons.tolist()) == {1, 2}
    config = TrainConfig(
        sampling=Sampling(frames=16, crop=(0.7, 1.0)),
        model=ModelChoice("skelfuse", "nano"),
        train=Fit(epochs=1, validation=0, average=0),
    )
    train(config, store, {"train": np.arange(len(store))}, tmp_path / "run", device="cpu")
    run = load_run(tmp_path / "run")
    expected = dict(zip(store.names, evaluated(run, store), strict=True))
    assert np.ptp(np.stack(list(expected.values())), axis=0).max() > 0.01  # clips do differ

    result = ran("predict", tmp_path / "run", raw, "--format", "jsonl", "--top", 99, "--jobs", jobs)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["clip"] for line in lines] == store.names
    for line in lines:
        told = {one["class"]: one["probability"] for one in line["top"]}
        found = [told[name] for name in run.class_names]
        np.testing.assert_allclose(found, expected[line["clip"]], atol=1e-5)
        assert line["label"] in run.class_names

    again = called("predict", tmp_path / "run", store.path, "--json", "--top", 99)
    for line in json.loads(again.stdout):  # what was done to its clips is not done twice
        told = {one["class"]: one["probability"] for one in line["top"]}
        found = [told[name] for name in run.class_names]
        np.testing.assert_allclose(found, expected[line["clip"]], atol=2e-6)

    several = [one.probabilities for one in Recogniser(run, crops=3).predict_many(read(raw))]
    np.testing.assert_allclose(several, evaluated(run, store, crops=3), atol=1e-5)


def test_files_that_name_no_joints_have_those_of_the_store_if_it_was_told_them(
    tmp_path: Path,
) -> None:
    file = tmp_path / "plain.npz"
    np.savez(file, coords=acted("nod", 9), lengths=[9])
    files = find_clip_files(file)
    told = Provenance({"skeleton": "stick", "max_persons": 1, "fps": 25.0})
    ((_, clip),) = read_clips(files, reading_of_store(told, STICK))
    assert isinstance(clip, Clip)
    assert (clip.skeleton, clip.fps) == (STICK, 25)
    ((_, problem),) = read_clips(files, reading_of_store(Provenance(), STICK))
    assert isinstance(problem, SkelfuseError)
    assert "no built-in layout has them" in str(problem)


def read(raw: Path) -> Iterator[Clip]:
    for _, clip in read_clips(find_clip_files(raw), ReadOptions()):
        assert isinstance(clip, Clip)
        yield clip
