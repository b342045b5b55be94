"""Configurations on disk: one YAML, every key known, every mistake told with its line."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_type_hints

import yaml

from skelfuse.errors import SkelfuseError
from skelfuse.training.build import checked_choice
from skelfuse.training.config import ModelChoice, TrainConfig
from skelfuse.training.places import Place, Places, note_places, place_of
from skelfuse.training.typed import fitted, unknown_key, wrong_kind
from skelfuse.yaml_text import parse_yaml, read_yaml

FIRST_EDITION = ("distances", "partner")  # keys of `model` that only its first edition had
NAMING = ("name", "size")  # keys of `model` that say which one it is
DEFAULTS = "defaults"  # the one key that is not the run's: where what is left open comes from
Defaults = Literal["fixed", "from-store"]
# Takes what is written, nested, and returns the settings that go beneath it.
Suggest = Callable[[Mapping[str, Any]], Mapping[str, Mapping[str, Any]]]
Check = Callable[[TrainConfig], None]  # raises where values do not fit what they are for


def read_config(
    path: str | Path,
    settings: Sequence[str] = (),
    *,
    suggest: Suggest | None = None,
    check: Check | None = None,
) -> TrainConfig:
    """Read a configuration; `settings` are "key=value" with YAML values that go before the file's.

    Where it says `defaults: from-store`, all that it leaves open is asked of `suggest`. What
    `check` raises is told with the place where the value was written.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.yaml"
    >>> _ = path.write_text("train: {epochs: 9}")
    >>> config = read_config(path, ["train.batch_size=8", "model.name=ddnet", "model.filters=16"])
    >>> config.train.epochs, config.train.batch_size, config.model.options["filters"]
    (9, 8, 16)
    """
    path = Path(path)
    tree, node = read_yaml(path)
    places = {"": Place(str(path))}
    if node is not None:
        note_places(node, path, places)
    tree = {} if tree is None else tree
    return config_from_dict(tree, settings, places=places, suggest=suggest, check=check)


def config_from_dict(
    tree: Any,
    settings: Sequence[str] = (),
    *,
    places: Places | None = None,
    suggest: Suggest | None = None,
    check: Check | None = None,
) -> TrainConfig:
    """Make a configuration of nested plain values, such as `TrainConfig.as_dict` returns.

    >>> config = config_from_dict({"protocol": "odd-even", "model": {"size": "nano"}})
    >>> config.model.size, config_from_dict(config.as_dict()) == config
    ('nano', True)
    """
    places = dict(places or {"": Place(None)})
    try:
        config = _config_of(tree, settings, places, suggest)
        if check is not None:
            check(config)
        return config
    except SkelfuseError as error:
        place = place_of(error.key or "", places)
        raise error.with_context(file=place.file, line=place.line) from None


def _config_of(
    tree: Any, settings: Sequence[str], places: Places, suggest: Suggest | None
) -> TrainConfig:
    """Make a configuration; the key of an error says where its place is to be looked for."""
    if not isinstance(tree, Mapping):
        raise SkelfuseError("not a configuration", expected="keys with values", found=repr(tree))
    tree = copy.deepcopy({**tree})
    tree["model"] = {} if tree.get("model") is None else tree["model"]
    for setting in settings:
        _put(tree, setting, places)
    defaults = fitted(tree.pop(DEFAULTS, "fixed"), Defaults, DEFAULTS)
    config = _config(tree)
    if defaults == "fixed":
        return config
    if suggest is None:
        raise SkelfuseError(
            f"'{DEFAULTS}: {defaults}' needs a store to choose by",
            remedy=f"give one with --data, or leave '{DEFAULTS}' out",
            key=DEFAULTS,
        )
    plain, written = config.as_dict(), dict[str, Any]()  # as it was understood, not as spelled
    for name, value in tree.items():
        sub = plain[name]
        written[name] = {key: sub[key] for key in value or ()} if isinstance(sub, dict) else sub
    for name, values in suggest(written).items():
        tree[name] = {**values, **(tree.get(name) or {})}
    return _config(tree)


def config_of_checkpoint(facts: Mapping[str, Any], file: Path) -> TrainConfig:
    """Return the configuration of a run from its checkpoint's `facts`.

    >>> old = {"config": {"model": {"name": "skelfuse", "size": "nano", "partner": False}}}
    >>> config_of_checkpoint(old, Path("runs/a/best.safetensors"))
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: runs/a/best.safetensors: this run is of the model's first \
edition, which is no longer supported; train it anew: skelfuse train --config NAME --data STORE \
--out FOLDER
    """
    model = facts["config"].get("model", {})
    name = model.get("name", "skelfuse")
    if name == "pure" or (name == "skelfuse" and any(key in model for key in FIRST_EDITION)):
        raise SkelfuseError(
            "this run is of the model's first edition, which is no longer supported",
            file=file,
            remedy="train it anew: skelfuse train --config NAME --data STORE --out FOLDER",
        )
    return config_from_dict(facts["config"])


def _config(tree: Mapping[str, Any]) -> TrainConfig:
    hints = get_type_hints(TrainConfig)
    values: dict[str, Any] = {}
    for name, value in tree.items():
        if name not in hints:
            raise unknown_key(str(name), _all_keys())
        if hints[name] is ModelChoice:
            values[name] = _model(value)
        elif value is not None or not is_dataclass(hints[name]):
            values[name] = fitted(value, hints[name], name)
        # else `augment:` with nothing below it, which is all defaults
    return TrainConfig(**values)


def _model(value: Any) -> ModelChoice:
    hints = get_type_hints(ModelChoice)
    if not isinstance(value, Mapping):
        raise wrong_kind("model", ModelChoice, value)
    try:
        named = {key: fitted(value[key], hints[key], key) for key in NAMING if key in value}
        options = {key: one for key, one in value.items() if key not in NAMING}
        return checked_choice(ModelChoice(**named, options=options))
    except SkelfuseError as error:
        key = f"model.{error.key}" if error.key else "model"
        raise error.with_context(within="model", key=key) from None


def config_text(config: TrainConfig) -> str:
    """Return a configuration as YAML, with every default spelled out."""
    return yaml.safe_dump(config.as_dict(), sort_keys=False, default_flow_style=None)


def first_difference(a: Mapping[str, Any], b: Mapping[str, Any], within: str = "") -> str | None:
    """Return the first key whose value differs, with both values, or None.

    >>> first_difference({"train": {"epochs": 5}}, {"train": {"epochs": 6}})
    "'train.epochs' was 5 and is now 6"
    """
    for key in [*a, *(key for key in b if key not in a)]:
        old, new = a.get(key), b.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            if found := first_difference(old, new, f"{within}{key}."):
                return found
        elif old != new:
            return f"'{within}{key}' was {old} and is now {new}"
    return None


def _put(tree: dict[str, Any], setting: str, places: Places) -> None:
    key, equals, text = setting.partition("=")
    key = key.strip()
    section, dot, _ = key.partition(".")
    places[key] = Place(f"--set {setting}")
    try:
        value, _ = parse_yaml(text)
    except SkelfuseError:
        raise SkelfuseError(
            "not a YAML value",
            found=text,
            remedy="put text with special characters into quotes",
            key=key,
        ) from None
    if not equals or not section:
        raise SkelfuseError("not a setting", expected="key=value, as train.epochs=5", key=key)
    hints = get_type_hints(TrainConfig)
    known = section in hints or section == DEFAULTS
    if not known or (dot and not is_dataclass(hints.get(section))):
        raise unknown_key(key, _all_keys())
    if not dot:
        tree[section] = value
        return
    inner = tree
    *above, last = key.split(".")
    for part in above:
        if not isinstance(inner.get(part), dict):
            inner[part] = {}
        inner = inner[part]
    inner[last] = value


def _all_keys() -> list[str]:
    keys = [DEFAULTS]
    for name, hint in get_type_hints(TrainConfig).items():
        if is_dataclass(hint):
            parts = NAMING if hint is ModelChoice else (f.name for f in fields(hint))
            keys += [f"{name}.{part}" for part in parts]
        else:
            keys.append(name)
    return keys
