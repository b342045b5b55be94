"""A configuration is read as it is meant, or told with file, line and key to be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from skelfuse.configs import find, names
from skelfuse.errors import SkelfuseError
from skelfuse.models import MODELS
from skelfuse.training import TrainConfig, config_from_dict, config_text, read_config


def told(path: Path, text: str, *settings: str) -> str:
    path.write_text(text)
    with pytest.raises(SkelfuseError) as error:
        read_config(path, settings)
    return str(error.value)


@pytest.mark.parametrize("name", names())
def test_every_shipped_configuration_is_right_and_short(name: str) -> None:
    config = read_config(find(name), suggest=lambda written: {})
    assert (config.protocol is None) == (name == "generic")
    assert len(find(name).read_text().splitlines()) <= 10


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("# nothing\naugment:\n")
    assert read_config(empty) == config_from_dict(TrainConfig().as_dict())


@pytest.mark.parametrize("name", names())
def test_a_saved_configuration_reads_back_equal(tmp_path: Path, name: str) -> None:
    settings = ["train.learning_rate=1e-3", "model.dropout=0.1"]
    config = read_config(find(name), settings, suggest=lambda written: {})
    saved = tmp_path / "config.yaml"
    saved.write_text(config_text(config))
    assert read_config(saved) == config
    assert config.train.learning_rate == 1e-3  # which YAML takes for a text


def test_a_saved_model_does_not_depend_on_defaults() -> None:
    for name in MODELS:
        saved = config_from_dict({"model": {"name": name}}).as_dict()["model"]
        assert "dropout" in saved, name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\ntrain: {epoch: 5}", "c.yaml, line 2: train: unknown key 'epoch'; did you mean"),
        ("train:\n  epoch: 5", "c.yaml, line 2: train: unknown key 'epoch'; did you mean 'epochs'"),
        ("epochs: 5", "c.yaml, line 1: unknown key 'epochs'; did you mean 'train.epochs'?"),
        ("modle: {}", "unknown key 'modle'"),
        ("train: {epochs: ten}", "'train.epochs' has the wrong kind: expected a whole number"),
        ("train: {epochs: 1.5}", "expected a whole number, found 1.5"),
        ("train: {epochs: true}", "expected a whole number, found True"),
        ("train: {compile: 1}", "expected true or false, found 1"),
        ("train: {mixing: mixdown}", "expected one of none, mixup, cutmix, found 'mixdown'"),
        ("\n\ntrain: {epochs: 0}", "c.yaml, line 3: train: 'epochs' is out of range: expected at"),
        ("train: {batch_size: 1}", "'batch_size' is out of range: expected at least 2"),
        ("train: {learning_rate: .nan}", "'learning_rate' is out of range"),
        ("train: {validation: 1.0}", "expected 0 to 0.9, found 1.0"),
        ("train: {patience: 3, validation: 0}", "'patience' needs a validation"),
        ("train: 5", "'train' needs keys: expected keys with values, found 5"),
        ("- 1", "not a configuration"),
        ("train: {epochs: 5", "c.yaml, line 1: not YAML"),
        ("seed: 1\nseed: 2", "c.yaml, line 2: 'seed' is there twice"),
        ("sampling: {frames: 0}", "c.yaml, line 1: sampling: frames"),
        ("sampling: {crop: [0.5]}", "'sampling.crop' has the wrong kind: expected a list of 2"),
        ("augment: {mirror: 2}", "augment: mirror out of range"),
        ("augment: {miror: 1}", "did you mean 'mirror'?"),
        ("model: {name: skelfuze}", "did you mean 'skelfuse'?"),
        ("model: {size: nanno}", "did you mean 'nano'?"),
        ("model: {name: stgcn, size: nano}", "model 'stgcn' has no 'size'"),
        ("model: {name: ddnet,\n filter: 8}", "c.yaml, line 2: model: unknown key 'filter'; did"),
        ("model: {name: ddnet, filters: many}", "'filters' has the wrong kind"),
        ("model: {num_classes: 3}", "unknown key 'num_classes'"),
        ("kernels: {smoothnes: 1}", "did you mean 'smoothness'?"),
    ],
)
def test_mistakes_are_told_with_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    found = told(tmp_path / "c.yaml", text)
    assert message in found
    assert "c.yaml" in found


def test_settings_go_before_the_file_and_are_checked_alike(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("train: {epochs: 7, batch_size: 4}\nsampling: {crop: [0.5, 1.0]}")
    config = read_config(path, ["train.epochs=9", "sampling.crop=[0.7, 1]", "protocol=loso:3"])
    assert (config.train.epochs, config.train.batch_size) == (9, 4)
    assert (config.sampling.crop, config.protocol) == ((0.7, 1.0), "loso:3")
    assert "--set train.epoch=9: train: unknown key" in told(path, "", "train.epoch=9")
    assert "--set train.epochs=x: 'train.epochs' has" in told(path, "", "train.epochs=x")
    assert "--set train.epochs=0: train: 'epochs' is" in told(path, "", "train.epochs=0")
    assert "--set epochs=3: unknown key 'epochs'; did you mean" in told(path, "", "epochs=3")
    assert "expected key=value" in told(path, "", "train.epochs")
    assert "unknown key 'seed.x'" in told(path, "", "seed.x=3")


def test_a_configuration_is_found_by_name_or_path(tmp_path: Path) -> None:
    mine = tmp_path / "utd_mhad.yaml"
    mine.write_text("seed: 9")
    assert find(str(mine)) == mine
    assert find("utd_mhad") == find("utd-mhad") == find("configs/utd_mhad.yaml").resolve()
    assert read_config(find("utd_mhad")).seed == 0
    for wrong in ("utd_mhat", "utd_mhat.yaml", str(tmp_path / "jhmdb.yaml")):
        with pytest.raises(SkelfuseError, match=r"no such configuration.*one of generic, jhmdb"):
            find(wrong)
    with pytest.raises(SkelfuseError, match="did you mean 'utd_mhad'"):
        find("utd_mhat")
    with pytest.raises(SkelfuseError, match=r"none\.yaml: cannot read the configuration"):
        read_config(tmp_path / "none.yaml")
