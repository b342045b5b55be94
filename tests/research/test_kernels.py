"""Every variant of the experiment on kernels asks for something of its own; its rows are found."""

from __future__ import annotations

from research.kernels import run as script
from research.lab.cells import cells_of
from research.lab.data_sets import SETS, inner
from research.lab.tables import by_pair

DATA = inner(SETS["utd-mhad"])


def test_variants_can_be_named_on_the_command_line_and_no_two_are_the_same() -> None:
    keys: dict[object, str] = {}
    for name in script.VARIANTS:
        assert "," not in name
        for cell in cells_of(DATA, name, script.VARIANTS, seeds=1):
            assert keys.setdefault(cell.key, name) == name
    assert len(keys) == len(DATA.protocols) * len(script.VARIANTS)


def test_the_table_tells_the_mean_over_the_parts() -> None:
    name = "1-2-14 taught 1"
    cells = cells_of(DATA, name, script.VARIANTS, seeds=1)
    rows = [
        {
            **dict(zip(("dataset", "protocol", "seed", "hash"), cell.key, strict=True)),
            "accuracy": 90.0 + number,
            "loss": 0.3,
            "by_share": {"0.0": 80.0 + number},
        }
        for number, cell in enumerate(cells)
    ]
    text = script.table(by_pair(cells, rows), seeds=1)
    assert text.splitlines()[2:] == [f"| {name} | 90.5 / 80.5 / 0.300 | – | – | – |"]
