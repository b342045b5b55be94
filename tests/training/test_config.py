"""A configuration is read as it is meant, or told with file, line and key to be wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from skelfuse.configs import find, names
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2
from skelfuse.models import MODELS, SIZES, Frequencies
from skelfuse.training import TrainConfig, config_from_dict, config_text, read_config
from skelfuse.training.build import check_fits


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
        ("train: {epochs: ten}", "train: 'epochs' has the wrong kind: expected a whole number"),
        ("train: {epochs: 1.5}", "expected a whole number, found 1.5"),
        ("train: {epochs: true}", "expected a whole number, found True"),
        ("train: {compile: 1}", "expected true or false, found 1"),
        ("train: {mixing: mixdown}", "expected one of none, mixup, cutmix, found 'mixdown'"),
        ("\n\ntrain: {epochs: 0}", "c.yaml, line 3: train: 'epochs' is out of range: expected at"),
        ("train: {batch_size: 1}", "'batch_size' is out of range: expected at least 2"),
        ("train: {learning_rate: .nan}", "expected a number, found nan"),
        ("train: {learning_rate: 1e400}", "expected a number, found '1e400'"),
        ("train: {learning_rate: 1e38}", "expected above 0 and at most 1e+30, found 1e+38"),
        ("train: {learning_rate: 0}", "expected above 0 and at most 1e+30, found 0.0"),
        ("train: {clip_gradient: .inf}", "train: 'clip_gradient' has the wrong kind"),
        ("kernels: {target: .nan}", "c.yaml, line 1: kernels: 'target' has the wrong kind"),
        ("model: {nam: ddnet}", "did you mean 'name'?"),
        ("train: {validation: 1.0}", "expected 0 to 0.9, found 1.0"),
        ("train: {patience: 3, validation: 0}", "'patience' needs a validation"),
        ("train: 5", "'train' has the wrong kind: expected keys with values, found 5"),
        ("- 1", "not a configuration"),
        ("train: {epochs: 5", "c.yaml, line 1: not YAML"),
        ("seed: 1\nseed: 2", "c.yaml, line 2: 'seed' is there twice"),
        ("sampling: {frames: 0}", "c.yaml, line 1: sampling: 'frames'"),
        ("sampling: {crop: [0.5]}", "sampling: 'crop' has the wrong kind: expected a list of 2"),
        ("augment: {mirror: 2}", "augment: 'mirror' is out of range"),
        ("augment: {miror: 1}", "did you mean 'mirror'?"),
        ("model: {name: skelfuze}", "did you mean 'skelfuse'?"),
        ("model: {size: nanno}", "did you mean 'nano'?"),
        ("model: {name: stgcn, size: nano}", "model 'stgcn' has no 'size'"),
        ("model: {name: ddnet,\n filter: 8}", "c.yaml, line 2: model: unknown key 'filter'; did"),
        ("model: {name: ddnet, filters: many}", "'filters' has the wrong kind"),
        ("model: {num_classes: 3}", "unknown key 'num_classes'"),
        ("model: {name: pure}", "'pure' is a size now; model: {size: pure}, or --set"),
        ("model: {partner: true}", "model 'skelfuse' has no 'partner'"),
        ("model: {frequencies: 3}", "'frequencies' has the wrong kind: expected keys with values"),
        (
            "model: {frequencies: {dct_windo: 8}}",
            "unknown key 'dct_windo'; did you mean 'dct_window'?",
        ),
        ("model: {frequencies: {gate: stat}}", "expected one of none, static, dynamic, found"),
        ("model: {frequencies: {gate: static}}", "need DCT channels"),
        ("kernels: {smoothnes: 1}", "did you mean 'smoothness'?"),
    ],
)
def test_mistakes_are_told_with_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    found = told(tmp_path / "c.yaml", text)
    assert message in found
    assert "c.yaml" in found


def test_frequencies_are_a_section_of_the_model(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("model: {frequencies: {dct_window: 8}}")
    config = read_config(path, ["model.frequencies.gate=static", "model.frequencies.fourier=2"])
    assert config.model.options["frequencies"] == Frequencies(
        dct_window=8, gate="static", fourier=2
    )
    path.write_text(config_text(config))
    assert read_config(path) == config


def test_a_size_brings_its_own_dropout_unless_one_is_given() -> None:
    def dropped(*settings: str) -> tuple[object, object]:
        options = config_from_dict({}, list(settings)).model.options
        return options["dropout"], options["evidence_dropout"]

    small, nano = SIZES["small"], SIZES["nano"]
    assert dropped() == (small.dropout, small.evidence_dropout)
    assert dropped("model.size=nano") == (nano.dropout, nano.evidence_dropout)
    assert dropped("model.size=nano", "model.dropout=0") == (0.0, nano.evidence_dropout)
    assert dropped("model.dropout=null", "model.evidence_dropout=0.4") == (small.dropout, 0.4)


def test_settings_go_before_the_file_and_are_checked_alike(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("train: {epochs: 7, batch_size: 4}\nsampling: {crop: [0.5, 1.0]}")
    config = read_config(path, ["train.epochs=9", "sampling.crop=[0.7, 1]", "protocol=loso:3"])
    assert (config.train.epochs, config.train.batch_size) == (9, 4)
    assert (config.sampling.crop, config.protocol) == ((0.7, 1.0), "loso:3")
    assert "--set train.epoch=9: train: unknown key" in told(path, "", "train.epoch=9")
    assert "--set train.epochs=x: train: 'epochs' has" in told(path, "", "train.epochs=x")
    assert "--set train.epochs=0: train: 'epochs' is" in told(path, "", "train.epochs=0")
    assert "--set epochs=3: unknown key 'epochs'; did you mean" in told(path, "", "epochs=3")
    assert "expected key=value" in told(path, "", "train.epochs")
    assert "unknown key 'seed.x'" in told(path, "", "seed.x=3")


@pytest.mark.parametrize(
    ("text", "setting", "message"),
    [
        ("model:\n  scales: [0]", None, "c.yaml, line 2: scales has the wrong values: expected"),
        ("seed: 1\naugment: {rotate: [1]}", None, "c.yaml, line 2: augment: rotate does not fit"),
        (
            "model:\n  streams: [joint, bones]",
            None,
            "c.yaml, line 2: 'streams' has one that is not",
        ),
        ("model: {bank: 2}", "model.bank=-1", "--set model.bank=-1: bank is out of range"),
    ],
)
def test_what_no_model_or_body_can_have_is_told_with_its_place(
    tmp_path: Path, text: str, setting: str | None, message: str
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(SkelfuseError) as error:
        read_config(
            path,
            [setting] if setting else (),
            check=lambda config: check_fits(config, KINECT_V2, 5),
        )
    assert message in str(error.value)


MODEL = "seed: 1\nmodel: {name: %s,\n dropout: 0.1}"
IMPOSSIBLE = {
    "skelfuse": [
        *("scales=[-1]", "bank=0", "directions=-1", "fuse_scales=[-1]", "fuse_scales=[2, 2]"),
        *("fuse_scales=[]", "poly_order=-1", "windows=[0]", "dropout=2", "evidence_dropout=-0.1"),
        *("frequencies.dct_window=-1", "frequencies.fourier=-2", "together=1.5"),
        *("directions=0", "fuse_scales=[0]", "dropout=1.5", "windows=[]"),
    ],
    "ddnet": ["filters=0", "channel_dropout=2", "dropout=-1"],
    "stgcn": ["channels=[]", "blocks=[0]", "temporal_kernel=4", "dropout=2"],
}


@pytest.mark.parametrize(
    ("model", "setting"), [(model, one) for model in IMPOSSIBLE for one in IMPOSSIBLE[model]]
)
def test_what_a_model_cannot_have_is_told_by_its_own_key_as_it_was_set(
    tmp_path: Path, model: str, setting: str
) -> None:
    path, key, value = tmp_path / "c.yaml", *setting.split("=")
    path.write_text(MODEL % model)
    with pytest.raises(SkelfuseError) as error:
        read_config(
            path, [f"model.{setting}"], check=lambda config: check_fits(config, KINECT_V2, 5)
        )
    line = str(error.value)
    assert line.startswith(f"--set model.{setting}: ")
    told = line.removeprefix(f"--set model.{setting}: ")
    assert key.rpartition(".")[2] in told.replace("temporal kernel", "temporal_kernel")
    found = told.partition("found ")[2].partition(";")[0]
    assert [float(n) for n in re.findall(r"-?[\d.]+", value)] <= [
        float(n) for n in re.findall(r"-?[\d.]+", found)
    ]  # what was written, not what came of it


def test_a_sigma_that_no_wave_has_is_told_where_there_are_waves(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("model: {frequencies: {fourier: 4}}")

    def check(config: TrainConfig) -> None:
        check_fits(config, KINECT_V2, 5)

    wrong = "model.frequencies.fourier_sigma=-2"
    with pytest.raises(SkelfuseError, match=f"^--set {wrong}: model: frequencies: fourier_sigma"):
        read_config(path, [wrong], check=check)
    fine = ["model.frequencies.fourier=0", wrong, "model.fuse=false", "model.fuse_scales=[]"]
    read_config(path, fine, check=check)  # what is not there cannot be wrong


def test_a_seed_is_told_as_it_was_set(tmp_path: Path) -> None:
    assert told(tmp_path / "c.yaml", "train: {}\nseed: -2").endswith("at least 0, found -2")
    assert "c.yaml, line 2: 'seed' is out of" in told(tmp_path / "c.yaml", "train: {}\nseed: -2")
    assert told(tmp_path / "c.yaml", "seed: 2", "seed=-1").startswith("--set seed=-1: 'seed' is")


def test_another_model_than_the_files_says_how_to_leave_the_files_options_out(
    tmp_path: Path,
) -> None:
    remedy = "--set 'model={name: stgcn}' leaves out what was set for another model"
    for setting, key in (("train.epochs=1", "size"), ("model.size=null", "evidence_dropout")):
        with pytest.raises(SkelfuseError) as error:
            read_config(find("synth"), ["model.name=stgcn", setting])
        assert f"model 'stgcn' has no '{key}'; it is for skelfuse; {remedy}" in str(error.value)
    config = read_config(find("synth"), ["model={name: stgcn}"])
    assert (config.model.name, config.model.size) == ("stgcn", None)
    assert read_config(find("synth"), ["model.size=null"]).model.size == "small"  # as if not said


def test_keys_are_listed_only_where_none_is_near(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    for near, meant in (("epochs=3", "train.epochs"), ("trian.epochs=3", "train.epochs")):
        assert told(path, "", near).endswith(f"did you mean '{meant}'?")
    assert "the keys are: defaults, protocol, seed, " in told(path, "", "qqqq=3")
    assert "gates: unknown key 'qqqq'; the keys are: penalty, budget" in told(
        path, "", "gates.qqqq=3"
    )


def test_a_check_disturbs_no_random_numbers() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    check_fits(TrainConfig(), KINECT_V2, 5)
    torch.testing.assert_close(torch.rand(2), expected, rtol=0, atol=0)


def test_a_configuration_is_found_by_name_or_path(tmp_path: Path) -> None:
    mine = tmp_path / "utd_mhad.yaml"
    mine.write_text("seed: 9")
    assert find(str(mine)) == mine
    assert find("utd_mhad") == find("utd-mhad") == find("configs/utd_mhad.yaml").resolve()
    assert read_config(find("synth")).seed == 0
    for wrong in ("utd_mhat", "utd_mhat.yaml", str(tmp_path / "jhmdb.yaml")):
        with pytest.raises(SkelfuseError, match=r"no such configuration.*one of generic, jhmdb"):
            find(wrong)
    with pytest.raises(SkelfuseError, match="did you mean 'utd_mhad'"):
        find("utd_mhat")
    with pytest.raises(SkelfuseError, match=r"none\.yaml: cannot read: No such file"):
        read_config(tmp_path / "none.yaml")
