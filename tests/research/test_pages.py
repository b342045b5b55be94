"""The pages of results: figures come from rows, and from no row of an older configuration."""

from __future__ import annotations

from typing import Any

import yaml

from research.ablation import run as ablation
from research.ablation.page import PLAIN, on_by_default
from research.ablation.page import page as ablation_page
from research.accuracy import run as accuracy
from research.accuracy.page import page
from research.ideas import run as ideas
from research.lab.cells import Cell, Variant, cells_of
from research.lab.data_sets import INNER, SETS, inner
from research.lab.rows import Row
from research.lab.tables import by_pair, difference, gathered, told
from skelfuse import configs
from skelfuse.training import read_config


def made_up(cell: Cell, accuracy: float, **more: Any) -> Row:
    machine = {"processor": "P", "device": "cpu", "threads": 1, "python": "3"}
    return {
        **dict(zip(("dataset", "protocol", "seed", "hash"), cell.key, strict=True)),
        **{"variant": cell.name, "accuracy": accuracy, "parameters": 1234, "macs": 2_500_000},
        **{"seconds": 90.0, "epochs": 7, "date": "2026-01-02T03:04:05", "machine": machine},
        **{"torch": "2", "skelfuse": "0", **more},
    }


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
    tuned = "| **`small`**, the tuned configuration |"
    assert f"{tuned} 91.0 ± 1.4 | 1,234 | 2.5 | 1.5 | 7 |" in text
    assert f"{tuned} 91.0 ± 1.4 | 80.5 ± 0.7 | 1,234 |" in text  # NW-UCLA has two columns
    five = " | ".join(["+1.00 (2)"] * 5)
    assert f"| `small`: FrierenFuse, on − off | {five} | +1.00 |" in text
    four = " | ".join(["−0.50 (2)"] * 4)
    assert f"| `small`: kernels, learned − fixed | {four} | – | −0.50 |" in text
    assert "as many parameters" not in text.lower()  # nor words about what was not run
    assert "DD-Net, rerun" not in text  # not trained, no line
    assert "`python it`, 2026-01-02; P (1 thread a run)" in text
    assert "94.6" in text
    assert "of an older" not in text


def test_the_page_tells_what_this_version_gains_by_its_parts_and_by_which_path() -> None:
    cells = [
        cell
        for data in ("utd-mhad", "jhmdb", "sbu")
        for name in accuracy.VARIANTS
        if name.startswith(("generic", "pure"))
        for cell in cells_of(SETS[data], name, accuracy.VARIANTS, seeds=2)
    ]
    level = {"generic-no-fuse": (88.0, 80.0), "generic-fixed-kernels": (91.0, 85.0)}
    missing = {("sbu", "generic-no-fuse", 1), ("utd-mhad", "generic-fixed-kernels", 1)}
    missing |= {("jhmdb", "pure", seed) for seed in (0, 1)}
    rows = []
    for cell in cells:
        if (cell.data.name, cell.name, cell.config.seed) in missing:
            continue
        both, own = level.get(cell.name, (90.0, 84.0))
        both += 4 * ((cell.data.name, cell.name) == ("jhmdb", "generic"))
        shares = {} if cell.name.startswith("pure") else {"by_share": {"0.0": own, "0.75": both}}
        rows.append(made_up(cell, both + cell.config.seed, **shares))
    text = page(cells, rows, seeds=2, command="python it")
    worth = text.split("## What FrierenFuse and learned kernels are worth")[1].split("##")[0]
    kernels = "kernels, learned − fixed"
    assert [line for line in worth.splitlines() if line.startswith(("| `", "| …"))] == [
        "| `generic`: FrierenFuse, on − off | +2.00 (2) | – | +6.00 (2) | – | +2.00 (1) | +3.33 |",
        "| … the own path alone | +4.00 (2) | – | +4.00 (2) | – | +4.00 (1) | +4.00 |",
        f"| `generic`: {kernels} | −1.00 (1) | – | +3.00 (2) | – | −1.00 (2) | +0.33 |",
        "| … the own path alone | −1.00 (1) | – | −1.00 (2) | – | −1.00 (2) | −1.00 |",
        f"| `pure`: {kernels} | +0.00 (2) | – | – | – | +0.00 (2) | +0.00 |",
    ]
    for title in ("`generic`", "`generic` in bfloat16", "`pure`", "`pure`, kernels fixed"):
        assert f"| {title} | 90.5 ± 0.7 |" in text
    assert "| `generic`, kernels fixed | 91.0 (1) |" in text
    assert "| `generic` without FrierenFuse | 88.0 (1) |" in text


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
    assert "All of them are off by default: plain `small` is" in text
    assert "the tuned one has changed" not in text
    more = changed | {"together": ["model.fuse=true"]}
    text = ablation_page(
        cells,
        rows,
        more,
        seconds,
        sets=sets,
        seeds=1,
        command="python it",
        begun_with={"jhmdb": ["train.epochs=7", "model.dropout=0"]},
    )
    assert "from before: JHMDB, 14 classes `train.epochs=7`, `dropout=0`." in text
    assert "On by default: **together**. The others are off by default." in text


def test_a_set_may_be_run_otherwise_than_tuned() -> None:
    changed = ablation.as_begun(SETS["utd-mhad"])
    (cell,) = cells_of(changed, "small", ablation.VARIANTS, seeds=1)
    assert (cell.config.train.epochs, cell.config.model.options["dropout"]) == (60, 0.3)
    own = Variant(config="synth")  # a configuration of the variant's own stays as it is
    (cell,) = cells_of(changed, "own", {"own": own}, seeds=1)
    assert cell.config.train.epochs == read_config(configs.find("synth")).train.epochs != 60
    bare = Variant(model={"size": "pure"})
    (cell,) = cells_of(changed, "bare", {"bare": bare}, seeds=1)
    assert cell.config.train.epochs == 60


def test_off_by_default_is_what_the_model_itself_says() -> None:
    assert not any(on_by_default(settings) for settings in ablation.MODULES.values())
    for shipped in configs.names():
        options = yaml.safe_load(configs.find(shipped).read_text()).get("model", {})
        assert "frequencies" not in options
    assert on_by_default(["model.fuse=true", "model.specialists=true"])
    assert not on_by_default(["model.fuse=true", "model.frequencies.gate=static"])


def test_the_page_of_ideas_compares_with_what_was_tuned() -> None:
    names = ["as tuned", "size base"]
    cells = [
        cell
        for data in INNER
        for name in names
        for cell in cells_of(inner(SETS[data]), name, ideas.VARIANTS, seeds=2)
    ]
    rows = [
        made_up(cell, 90.0 + 2 * (cell.name == "size base"), loss=0.4 + 0.1 * cell.config.seed)
        for cell in cells
    ]
    text = ideas.page(cells, rows, seeds=2, command="python it")
    assert "| as tuned |  | 90.0 ± 0.0<br>0.450 |" in text
    assert "| size base | `model.size=base` | 92.0 ± 0.0<br>0.450 |" in text
    assert "| size base | +2.00 / +0.00 |" in text
    assert "| 120 epochs | – | – | – | – | – |" in text
    assert "| what the store decides | `--config generic` | – |" in text
    assert "NW-UCLA's by cameras in 2" in text


def test_the_page_tells_what_pruning_leaves() -> None:
    names = [PLAIN, "dct", "dct-static-gate"]
    cells = [
        cell
        for name in names
        for cell in cells_of(SETS["utd-mhad"], name, ablation.VARIANTS, seeds=2)
    ]
    level = {"dct": 97.0, "dct-static-gate": 96.0}
    rows = [made_up(cell, level.get(cell.name, 95.0) + cell.config.seed) for cell in cells]
    pruned = {"channels": [320, 40], "frequencies": [16, 4], "parameters": [400, 300]}
    pruned |= {"macs": [20, 15]}
    rows += [
        made_up(cell, 96.5 + cell.config.seed)
        | {**pruned, "kind": "pruned", "seconds": [0.02, 0.018], "difference": 2e-7}
        for cell in cells
        if cell.name == "dct-static-gate"
    ]
    text = ablation_page(
        cells, rows, ablation.MODULES, {}, sets=("utd-mhad", "jhmdb"), seeds=2, command="python it"
    )
    line = "87.5 % | 4.0 of 16 | 97.5 ± 0.7 | 96.5 ± 0.7 | 97.0 ± 0.7 | −0.50 | 0.75 | 0.75 | 0.90"
    assert f"| UTD-MHAD | {line} | 2e-07 |" in text
    assert "| DCT channels, static gate | 96.5 ± 0.7 |" in text  # the pruned rows have no say there
    bare = ablation_page(
        cells, rows[:-2], ablation.MODULES, {}, sets=("utd-mhad",), seeds=2, command="python it"
    )
    assert "## Pruned" not in bare
