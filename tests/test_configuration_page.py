"""The page of configurations names every key there is, no other, and their true defaults."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import pytest
import yaml

from skelfuse.cli import main
from skelfuse.configs import find, names
from skelfuse.errors import SkelfuseError
from skelfuse.models import MODELS, SIZES, Frequencies
from skelfuse.models.streams import STREAMS
from skelfuse.training import TrainConfig, config_from_dict

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "configuration.md"
TEXT = PAGE.read_text(encoding="utf-8")
CODE = re.compile(r"`([^`\n]+)`")
FILES = (".md", ".yaml")
KEY = re.compile(
    r"(?<![\w./])(?:train|model|sampling|augment|kernels|gates|distill)(?:\.[a-z_]+)+(?![\w(])"
)
ENDINGS = (".md", ".png", ".jsonl", ".onnx")  # of files, whose names may begin as a key does


class Row(NamedTuple):
    heading: str
    columns: list[str]
    cells: list[str]


def rows(text: str) -> Iterator[Row]:
    heading, columns = "", list[str]()
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ").strip()
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not line.startswith("|"):
            columns = []
        elif not columns:
            columns = cells
        elif not line.startswith("| ---"):
            yield Row(heading, columns, cells)


def documented(text: str) -> dict[str, list[Any]]:
    """Return the defaults in the page's tables by key; a model's options as "model: key"."""
    found: dict[str, list[Any]] = {}
    for heading, columns, cells in rows(text):
        if columns[0] != "key":
            continue
        assert len(cells) == len(columns), cells
        key, section = cells[0].strip("`"), heading.strip("`")
        for column, cell in zip(columns[1:-1], cells[1:-1], strict=True):
            if cell == "–":
                continue
            if column != "default":
                name = f"{column.strip('`')}: {key}"
            else:
                name = key if section == "Top level" or "." in key else f"{section}.{key}"
            found.setdefault(name, []).append(yaml.safe_load(cell.strip("`")))
    return found


def in_code() -> dict[str, list[Any]]:
    """Return what a configuration that says nothing becomes, by key, for every model."""
    found: dict[str, list[Any]] = {"defaults": ["fixed"]}
    for name, value in config_from_dict({}).as_dict().items():
        if name != "model":
            parts = {f"{name}.{key}": one for key, one in value.items()} if value else {}
            found |= {key: [one] for key, one in (parts or {name: value}).items()}
    for model in MODELS:
        options = config_from_dict({"model": {"name": model}}).as_dict()["model"]
        own = {key: options.pop(key) for key in ("name", "size") if key in options}
        if model == config_from_dict({}).model.name:
            found |= {f"model.{key}": [one] for key, one in own.items()}
        found |= {f"{model}: {key}": [one] for key, one in flat(options).items()}
    return found


def flat(options: dict[str, Any]) -> dict[str, Any]:
    """Return options by key, those of a section within the section as "section.key"."""
    found: dict[str, Any] = {}
    for key, value in options.items():
        parts = value if isinstance(value, dict) else None
        found |= {key: value} if parts is None else {f"{key}.{k}": v for k, v in parts.items()}
    return found


def differences(text: str) -> list[str]:
    """Return where tables and code differ: keys of one alone, keys twice, other defaults."""
    page, code = documented(text), in_code()
    return [
        f"{key}: the page has {page.get(key, 'nothing')}, the code {code.get(key, 'nothing')}"
        for key in sorted({*page, *code})
        if repr(page.get(key)) != repr(code.get(key))
    ]


def known_words() -> set[str]:
    """Return every name that may stand alone: keys, models, sizes, choices, configurations."""
    keys = {part for key in in_code() for part in re.split(r"\.|: ", key)}
    kinds = [hint for hint in get_type_hints(TrainConfig).values() if is_dataclass(hint)]
    signatures = [vars(kind)["__init__"] for kind in (*kinds, Frequencies, *MODELS.values())]
    hints = [hint for one in signatures for hint in get_type_hints(one).values()]
    choices = {one for hint in hints if get_origin(hint) is Literal for one in get_args(hint)}
    constants = {"fixed", "true", "false", "null", "evaluate", "predict"}
    sections = {one.name for one in fields(TrainConfig)}
    return keys | choices | constants | sections | {*SIZES, *STREAMS, *names()}


@cache
def known_keys() -> set[str]:
    """Return every key with its section, options of models also without "model."."""
    options = {key.partition(": ")[2] for key in in_code() if ": " in key}
    sections = {key for key in options if "." in key}
    return {*in_code(), *(f"model.{key}" for key in options), *sections}


def strangers(text: str) -> list[str]:
    """Return what stands in code on the page, looks like a key or a setting, and is none."""
    words = known_words()
    wrong = []
    for span in CODE.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        lone = re.fullmatch(r"[a-z][a-z_]*((?:\.[a-z_]+)*)", span)
        if lone is not None and not span.endswith(FILES):
            wrong += [] if span in (known_keys() if lone[1] else words) else [span]
        elif span.startswith("--set ") and "KEY" not in span:
            wrong += _refused({}, shlex.split(span)[1:], span)
        elif re.match(r"[a-z_.]+=", span):
            wrong += _refused({}, [span], span)
        elif re.match(r"[a-z]+: \{|defaults: ", span):
            wrong += _refused(yaml.safe_load(span), [], span)
    return wrong


def named_elsewhere(text: str) -> set[str]:
    """Return what a text calls a key of the configuration, such as "train.epochs", and is none."""
    said = {key for key in KEY.findall(text) if not key.endswith(ENDINGS)}
    return said - known_keys() - {"model.frequencies"}


def messages(path: Path) -> Iterator[str]:
    """Yield the texts in a file of code, without those that document it."""
    nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    documenting = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and id(node) not in documenting:
            yield str(node.value)


def _refused(tree: Any, settings: list[str], told: str) -> list[str]:
    try:
        config_from_dict(tree, settings, suggest=lambda written: {})
    except SkelfuseError as error:
        return [f"{told}: {error}"]
    return []


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def test_every_key_is_there_once_with_its_default_and_no_other_key() -> None:
    assert differences(TEXT) == []
    (said,) = documented(TEXT)["defaults"]
    assert config_from_dict({"defaults": said}) == config_from_dict({})


def test_no_key_on_the_page_is_made_up() -> None:
    assert strangers(TEXT) == []


def test_no_key_in_a_message_or_on_another_page_is_made_up() -> None:
    code = (
        path for room in ("skelfuse", "cli", "datasets") for path in (ROOT / room).rglob("*.py")
    )
    texts = {path: "\n".join(messages(path)) for path in code}
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        texts[path] = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    made_up = {str(path): wrong for path, text in texts.items() if (wrong := named_elsewhere(text))}
    assert made_up == {}
    assert named_elsewhere("set model.global_filter, not train.epochs") == {"model.global_filter"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("| `jitter` | `0.0` |", "| `jiter` | `0.0` |"),
        ("| `epochs` | `60` |", "| `epochs` | `61` |"),
        ("| `weight_decay` | `0.02` |", "| `weight_decay` | `2` |"),
        ("| `persons` | `2` |", "| `persons` | `2.0` |"),
        ("| `filters` | – | `64` |", "| `filters` | `64` | `64` |"),
        ("| `distill.teacher` |", "| `distil.teacher` |"),
        ("| `seed` | `0` |", "| `sed` | `0` |"),
    ],
)
def test_a_wrong_row_is_noticed(right: str, wrong: str) -> None:
    assert TEXT.count(right) == 1
    assert differences(TEXT.replace(right, wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        *("`train.epoch`", "`trian.epochs`", "`epoch`", "`model.channel`", "`train.epochs=x`"),
        *("`augment: {miror: 0.5}`", "`--set 'model={name: pur}'`", "`defaults: from-stor`"),
    ],
)
def test_a_key_that_is_made_up_is_noticed(wrong: str) -> None:
    assert len(strangers(f"{TEXT}\nSet {wrong}.")) == 1


def test_the_sizes_are_those_of_the_model() -> None:
    found = {
        cells[0].strip("`"): dict(
            zip(columns[1:], (yaml.safe_load(cell.strip("`")) for cell in cells[1:]), strict=True)
        )
        for _, columns, cells in rows(TEXT)
        if columns[0] == "size"
    }
    wanted = {name: asdict(size) for name, size in SIZES.items()}
    assert found == {
        name: {key: list(one) if isinstance(one, tuple) else one for key, one in size.items()}
        for name, size in wanted.items()
    }


def test_what_is_quoted_is_what_is_shipped() -> None:
    quoted = re.findall(r"^`configs/(\w+)\.yaml`", TEXT, flags=re.MULTILINE)
    assert quoted
    for name in quoted:
        assert find(name).read_text(encoding="utf-8") in blocks("yaml"), name
    for name in names():
        assert f"`{name}`" in TEXT


def test_the_files_and_commands_of_the_page_are_understood() -> None:
    for text in blocks("yaml"):
        assert _refused(yaml.safe_load(text), [], text) == []
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert lines
    for line in lines:
        skelfuse, name, *arguments = shlex.split(line)
        assert (skelfuse, name) == ("skelfuse", "train")
        given = main.commands[name].make_context(name, arguments).params
        assert _refused({}, list(given["settings"]), line) == []
        if given["config"] and "." not in given["config"]:
            assert find(given["config"])
