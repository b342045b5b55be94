"""The accuracy experiments: nothing is run twice, nothing stale counts, and the pages add up."""

from __future__ import annotations

import io
import json
import runpy
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import ablation
import accuracy
from ablation_page import page as ablation_page
from accuracy_page import page
from cells import Cell, Variant, cells_of, fingerprint
from real_sets import SETS, fewer, locked, parts_of, store_of, without_copies
from result_tables import by_pair, difference, gathered, told
from row_files import append_row, read_rows

from skelfuse.configs import find
from skelfuse.models import SIZES
from skelfuse.store import Store
from skelfuse.training import read_config

WORLD = runpy.run_path(str(Path(__file__).with_name("trained_run.py")))
clip, written = WORLD["clip"], WORLD["written"]

QUICK = ("train.epochs=1", "sampling.frames=8", "augment.rotate=[]", "augment.mirror=0")
PENN = ("--only", "penn-action", "--seeds", "1")  # the set with one split
Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder: a raw set with three splits, and the store of one that has one."""
    draw = np.random.default_rng(0)
    arrays: dict[str, Any] = {"class_names": np.array(["jump", "sit", "wave"])}
    clips = [draw.normal(size=(10, 15, 2)).astype(np.float32) for _ in range(24)]
    for split in (1, 2, 3):
        order = draw.permutation(24)
        for part, chosen in (("train", order[:15]), ("test", order[15:])):
            arrays[f"{part}{split}_frames"] = np.concatenate([clips[i] for i in chosen])
            arrays[f"{part}{split}_lengths"] = np.full(len(chosen), 10)
            arrays[f"{part}{split}_label"] = chosen % 3
    path = tmp_path_factory.mktemp("data")
    np.savez(path / "jhmdb14.npz", **arrays)
    written(path / "penn.h5", [clip(i, action) for action in range(3) for i in range(8)])
    return path


def called(folder: Path, work: Path, *more: str, settings: tuple[str, ...] = QUICK) -> Result:
    words = [str(folder), "--rows", str(work / "rows.jsonl"), "--work", str(work), *more]
    words += [word for setting in settings for word in ("--set", setting)]
    return CliRunner().invoke(accuracy.main, words, catch_exceptions=False)


def rows_in(work: Path) -> list[Row]:
    return read_rows([work / "rows.jsonl"])


def made_up(cell: Cell, accuracy: float, **more: Any) -> Row:
    machine = {"processor": "P", "device": "cpu", "threads": 1, "python": "3"}
    return {
        **dict(zip(("dataset", "protocol", "seed", "hash"), cell.key, strict=True)),
        **{"variant": cell.name, "accuracy": accuracy, "parameters": 1234, "macs": 2_500_000},
        **{"seconds": 90.0, "epochs": 7, "date": "2026-01-02T03:04:05", "machine": machine},
        **{"torch": "2", "skelfuse": "0", **more},
    }


def key_of_nano(name: str) -> str:
    cells = cells_of(SETS[name], "nano", accuracy.VARIANTS, seeds=1, settings=QUICK)
    return "-".join(map(str, cells[0].key))


def test_from_raw_files_to_the_page(folder: Path, tmp_path: Path) -> None:
    wanted = ("--only", "jhmdb,sbu", "--variants", "nano", "--seeds", "1")
    found = called(folder, tmp_path, *wanted, "--write", str(tmp_path / "docs" / "page.md"))
    assert found.exit_code == 0, found.output
    assert "SBU Kinect Interaction: skipped: neither sbu.tar.xz nor sbu.h5" in found.output
    rows = rows_in(tmp_path)
    assert [(row["variant"], row["protocol"]) for row in rows] == [
        ("nano", f"split{split}") for split in (1, 2, 3)
    ]
    for row in rows:
        assert (row["train_clips"], row["test_clips"], row["epochs"]) == (15, 9, 1)
        assert 9 * row["accuracy"] / 100 == pytest.approx(round(9 * row["accuracy"] / 100))
    mean = np.mean([row["accuracy"] for row in rows])
    assert f"| `nano` | {mean:.1f} |" in (tmp_path / "docs" / "page.md").read_text()


def test_nothing_is_run_twice_but_what_has_changed(folder: Path, tmp_path: Path) -> None:
    wanted = (*PENN, "--variants", "small")
    called(folder, tmp_path, *wanted)
    trained, worse = rows_in(tmp_path)
    assert "kind" not in trained
    assert worse["kind"] == "robustness"
    assert worse["conditions"]["as recorded"] == pytest.approx(trained["accuracy"])
    json.dumps([trained, worse])
    assert {"parameters", "macs", "seconds", "date", "machine", "torch"} < set(trained)

    before = (tmp_path / "rows.jsonl").read_bytes()
    assert called(folder, tmp_path, *wanted).exit_code == 0
    assert (tmp_path / "rows.jsonl").read_bytes() == before
    changed = (*QUICK, "train.learning_rate=0.001")
    called(folder, tmp_path, *wanted, "--no-robustness", settings=changed)
    assert len(rows_in(tmp_path)) == 3


def test_a_run_that_fails_is_told_and_the_others_go_on(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "runs" / key_of_nano("penn-action")
    broken.parent.mkdir(parents=True)
    broken.write_text("not a folder")
    found = called(folder, tmp_path, *PENN, "--variants", "nano,pure")
    assert found.exit_code == 1
    assert "1 failed: penn-action official nano seed 0" in found.output
    assert [row["variant"] for row in rows_in(tmp_path)] == ["pure"]


def test_what_another_process_is_at_is_left_to_it(folder: Path, tmp_path: Path) -> None:
    with locked(tmp_path / "claims" / f"{key_of_nano('penn-action')}.lock") as mine:
        assert mine
        called(folder, tmp_path, *PENN, "--variants", "nano")
    assert rows_in(tmp_path) == []


def test_an_equally_large_model_without_frierenfuse(folder: Path, tmp_path: Path) -> None:
    called(folder, tmp_path, *PENN, "--variants", "small,no-fuse-matched", "--no-robustness")
    small, matched = (row["parameters"] for row in rows_in(tmp_path))
    assert 0.97 * small < matched <= small


def test_rows_survive_a_writer_that_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    append_row(path, {"a": 1})
    with path.open("a") as file:
        file.write('{"a": 2, "b"')
    append_row(path, {"a": 3})
    assert read_rows([path, tmp_path / "none.jsonl"]) == [{"a": 1}, {"a": 3}]


def test_a_fingerprint_is_of_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(*settings: str) -> str:
        return fingerprint(read_config(find("utd_mhad"), settings))

    plain = of()
    assert plain == of() == of("model.size=small")  # the default, spelled out
    assert plain == fingerprint(replace(read_config(find("utd_mhad")), seed=5, protocol="odd-even"))
    asked = [of("train.epochs=2"), of("model.fuse=false"), of("model.size=nano")]
    asked += [of("augment.mirror=0.5"), of("model.dct_window=16", "model.gate=static")]
    asked += [fingerprint(read_config(find("utd_mhad")), share=0.5)]
    assert len({plain, *asked}) == 1 + len(asked)
    monkeypatch.setitem(SIZES, "small", replace(SIZES["small"], width=136))
    assert of() != plain


def test_what_all_variants_ask_for_can_be_made() -> None:
    for data in (SETS["utd-mhad"], SETS["sbu"], SETS["synth"]):
        # What is small elsewhere is nano in the configuration of the synthetic set.
        for variants in (accuracy.VARIANTS, ablation.VARIANTS)[not data.raw :]:
            cells = [cell for name in variants for cell in cells_of(data, name, variants, seeds=2)]
            assert len({cell.key for cell in cells}) == len(cells)
    pairs = zip(
        cells_of(SETS["utd-mhad"], "small", accuracy.VARIANTS, seeds=1),
        cells_of(SETS["utd-mhad"], "small", ablation.VARIANTS, seeds=1),
        strict=True,
    )
    assert all(a.key == b.key for a, b in pairs)  # one run serves both pages


def test_figures_are_means_over_splits_and_then_over_seeds() -> None:
    cells = cells_of(SETS["jhmdb"], "small", accuracy.VARIANTS, seeds=3)
    values = [80, 90, 100, 70, 80, 90, 50, 50]  # the third seed lacks a split
    rows = [made_up(cell, value) for cell, value in zip(cells, values, strict=False)]
    found = gathered(cells, rows)
    assert found.accuracy == {0: 90, 1: 80}
    assert told(found.accuracy, 2) == "85.0 ± 7.1"
    assert told(found.accuracy, 3) == "85.0 ± 7.1 (2)"
    assert told({}, 3) == "–"
    assert difference(found.accuracy, {1: 79.0, 2: 0.0}) == 1
    assert difference(found.accuracy, {2: 0.0}) is None


def test_the_page_of_made_up_rows() -> None:
    names = ["small", "no-fuse", "fixed-kernels"]
    cells = [
        cell
        for data in SETS.values()
        for name in names
        for cell in cells_of(data, name, accuracy.VARIANTS, seeds=2)
    ]
    level = {"small": 90.0, "no-fuse": 89.0, "fixed-kernels": 90.5}
    rows = [
        made_up(cell, level[cell.name] + 2 * cell.config.seed, clean=80.0 + cell.config.seed)
        for cell in cells
        if cell.data.name != "sbu" or cell.name != "fixed-kernels"
    ]
    stale = [row | {"hash": "of an older configuration", "accuracy": 1.0} for row in rows]
    text = page(cells, [*rows, *stale], seeds=2, command="python it")
    shipped = "| **`small`**, the shipped configuration |"
    assert f"{shipped} 91.0 ± 1.4 | 1,234 | 2.5 | 1.5 | 7 |" in text
    assert f"{shipped} 91.0 ± 1.4 | 80.5 ± 0.7 | 1,234 |" in text  # NW-UCLA has two columns
    assert "| `small`: on − off | +1.00 | +1.00 | +1.00 | +1.00 | +1.00 | +1.00 |" in text
    assert "| `small`: learned − fixed | −0.50 | −0.50 | −0.50 | −0.50 | – | – |" in text
    assert "| DD-Net, rerun | – | – | – | – | – |" in text
    assert "`python it`, 2026-01-02; P (1 thread a run)" in text
    assert "94.6" in text
    assert "of an older" not in text


def test_the_ablation_joins_what_gains_once_all_is_measured() -> None:
    sets = ("utd-mhad", "jhmdb")
    cells = [
        cell
        for data in sets
        for name in ablation.VARIANTS
        for cell in cells_of(SETS[data], name, ablation.VARIANTS, seeds=1)
    ]
    level = {"dct": 91.0, "dct-static-gate": 92.0, "fourier": 93.0}
    rows = [made_up(cell, level.get(cell.name, 90.0)) for cell in cells]
    assert ablation.combination(by_pair(cells, rows[:-1]), sets, 1) is None
    best = ablation.combination(by_pair(cells, rows), sets, 1)
    assert best == (*ablation.MODULES["dct-static-gate"], *ablation.MODULES["fourier"])
    changed = ablation.MODULES | {"together": best}
    seconds = {"small": 0.002, "fourier": 0.003}
    text = ablation_page(
        cells, rows, changed, seconds, sets=ablation.SETS_HERE, seeds=1, command="python it"
    )
    assert "| Fourier features | 93.0 | – | – | 93.0 | – |" in text
    assert "| Fourier features | `fourier=8` | 1,234 | 2.5 | 3.00 | 1.50 × |" in text
    assert "| **together** | – | – | – | – | – |" in text


def test_few_subjects(folder: Path, tmp_path: Path) -> None:
    store = store_of(SETS["jhmdb"], folder, tmp_path)
    assert store is not None
    train = parts_of(store, "split1")["train"]
    assert fewer(store, train, 1.0, 0).tolist() == train.tolist()
    third = fewer(store, train, 1 / 3, 0)
    assert set(third) < set(train)
    assert sorted(set(store.labels[third])) == [0, 1, 2]
    assert fewer(store, train, 1 / 3, 1).tolist() != third.tolist()
    assert len(fewer(store, train, 0.01, 0)) == 3  # one of each class at least


def test_copies_and_subjects_in_real_clips(real_data: Any, tmp_path: Path) -> None:
    listed = real_data("nw-ucla-test-clips-also-in-train.txt").read_text().split()
    with (
        tarfile.open(real_data("nw-ucla.tar.xz")) as whole,
        tarfile.open(tmp_path / "nw-ucla.tar.xz", "w") as part,
    ):
        for member in whole:
            if Path(member.name).name[:3] in ("a02", "a03"):
                file = whole.extractfile(member)
                part.addfile(member, io.BytesIO(file.read() if file else b""))
    store = store_of(SETS["nw-ucla"], tmp_path, tmp_path / "work")
    assert isinstance(store, Store)
    parts = parts_of(store, "nw-ucla-xview")
    clean = set(without_copies(store, parts).tolist())
    copies = {store.names[i] for i in parts["test"] if i not in clean}
    assert copies == set(listed)
    half = fewer(store, parts["train"], 0.5, 0)
    people = {store.subjects[i] for i in half}
    assert len(people) == 5
    assert len(half) == sum(store.subjects[i] in people for i in parts["train"])


def test_unknown_names_are_told(folder: Path, tmp_path: Path) -> None:
    found = called(folder, tmp_path, "--variants", "smal")
    assert found.exit_code == 2
    assert "'smal' is none of: small, " in found.output
    assert Variant() == accuracy.VARIANTS["small"]
