"""Configurations on disk: one YAML, every key known, every mistake told with its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from skelfuse.errors import SkelfuseError
from skelfuse.training.build import checked_choice
from skelfuse.training.config import ModelChoice, TrainConfig
from skelfuse.training.typed import fitted, unknown_key


@dataclass(frozen=True)
class _Place:
    """Where a key was written, to be named when it is wrong."""

    file: str | None
    line: int | None = None

    def blame(self, error: SkelfuseError, section: str = "") -> SkelfuseError:
        known = not section or error.problem.startswith(f"{section}: ")
        problem = error.problem if known else f"{section}: {error.problem}"
        return SkelfuseError(
            problem,
            file=self.file,
            line=self.line,
            expected=error.expected,
            found=error.found,
            remedy=error.remedy,
        )


def read_config(path: str | Path, settings: Sequence[str] = ()) -> TrainConfig:
    """Read a configuration; `settings` are "key=value" with YAML values that go before the file's.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.yaml"
    >>> _ = path.write_text("train: {epochs: 9}")
    >>> config = read_config(path, ["train.batch_size=8", "model.name=ddnet", "model.filters=16"])
    >>> config.train.epochs, config.train.batch_size, config.model.options["filters"]
    (9, 8, 16)
    """
    text, path = _text(path), Path(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise SkelfuseError(
            f"not YAML: {getattr(error, 'problem', None) or error}",
            file=path,
            line=mark.line + 1 if mark else None,
        ) from None
    places = {"": _Place(str(path))}
    if node is not None:
        _note_places(node, "", path, places)
    return config_from_dict({} if tree is None else tree, settings, places=places)


def config_from_dict(
    tree: Any, settings: Sequence[str] = (), *, places: dict[str, _Place] | None = None
) -> TrainConfig:
    """Make a configuration of nested plain values, such as `TrainConfig.as_dict` returns.

    >>> config = config_from_dict({"protocol": "odd-even", "model": {"size": "nano"}})
    >>> config.model.size, config_from_dict(config.as_dict()) == config
    ('nano', True)
    """
    places = dict(places or {"": _Place(None)})
    if not isinstance(tree, Mapping):
        error = SkelfuseError("not a configuration", expected="keys with values", found=repr(tree))
        raise places[""].blame(error)
    tree = {name: dict(v) if isinstance(v, Mapping) else v for name, v in tree.items()}
    tree["model"] = {} if tree.get("model") is None else tree["model"]
    for setting in settings:
        _put(tree, setting, places)
    hints = get_type_hints(TrainConfig)
    values: dict[str, Any] = {}
    for name, value in tree.items():
        if name not in hints:
            raise _place(name, places).blame(unknown_key(str(name), _all_keys()))
        hint = hints[name]
        if not is_dataclass(hint):
            values[name] = _fitted(value, hint, str(name), places)
        elif value is not None:  # `augment:` with nothing below it is all defaults
            values[name] = _section(value, hint, str(name), places)
    try:
        return TrainConfig(**values)
    except SkelfuseError as error:
        raise places[""].blame(error) from None


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


def _section(value: Any, kind: Any, name: str, places: dict[str, _Place]) -> Any:
    if not isinstance(value, Mapping):
        error = SkelfuseError(f"'{name}' needs keys", expected="keys with values", found=value)
        raise _place(name, places).blame(error)
    if kind is ModelChoice:
        return _model(value, places)
    hints, values = get_type_hints(kind), {}
    for key, one in value.items():
        where = f"{name}.{key}"
        if key not in hints:
            error = unknown_key(str(key), hints, within=f" of '{name}'")
            raise _place(where, places).blame(error, name)
        values[key] = _fitted(one, hints[key], where, places)
    try:
        return kind(**values)
    except SkelfuseError as error:
        guilty = [key for key in values if f"'{key}'" in error.problem or key in error.problem]
        place = _place(f"{name}.{guilty[0]}" if guilty else name, places)
        raise place.blame(error, name) from None


def _model(value: Mapping[str, Any], places: dict[str, _Place]) -> ModelChoice:
    named = {key: value[key] for key in ("name", "size") if key in value}
    options = {key: one for key, one in value.items() if key not in named}
    for key, one in named.items():
        named[key] = _fitted(one, str, f"model.{key}", places)
    try:
        return checked_choice(ModelChoice(**named, options=options))
    except SkelfuseError as error:
        guilty = [key for key in value if f"'{key}'" in error.problem]
        place = _place(f"model.{guilty[0]}" if guilty else "model", places)
        raise place.blame(error, "model") from None


def _fitted(value: Any, hint: Any, key: str, places: dict[str, _Place]) -> Any:
    try:
        return fitted(value, hint, key)
    except SkelfuseError as error:
        raise _place(key, places).blame(error) from None


def _put(tree: dict[str, Any], setting: str, places: dict[str, _Place]) -> None:
    key, equals, text = setting.partition("=")
    place = _Place(f"--set {setting}")
    section, dot, name = key.strip().partition(".")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        error = SkelfuseError("not a YAML value", found=text)
        raise place.blame(error) from None
    if not equals or not section:
        raise place.blame(SkelfuseError("not a setting", expected="key=value, as train.epochs=5"))
    hints = get_type_hints(TrainConfig)
    if section not in hints or (dot and not is_dataclass(hints[section])):
        raise place.blame(unknown_key(key, _all_keys()))
    places[key.strip()] = place
    if not dot:
        tree[section] = value
        return
    if not isinstance(tree.get(section), dict):
        tree[section] = {}
    tree[section][name] = value


def _all_keys() -> list[str]:
    keys = []
    for name, hint in get_type_hints(TrainConfig).items():
        if is_dataclass(hint):
            parts = ("name", "size") if hint is ModelChoice else (f.name for f in fields(hint))
            keys += [f"{name}.{part}" for part in parts]
        else:
            keys.append(name)
    return keys


def _place(key: Any, places: dict[str, _Place]) -> _Place:
    key = str(key)
    while key not in places:
        key = key.rpartition(".")[0]
    return places[key]


def _note_places(node: yaml.Node, above: str, path: Path, places: dict[str, _Place]) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        name, line = f"{above}{key.value}", key.start_mark.line + 1
        if name in places:
            raise SkelfuseError(f"'{name}' is there twice", file=path, line=line)
        places[name] = _Place(str(path), line)
        _note_places(value, f"{name}.", path, places)


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise SkelfuseError(f"cannot read the configuration: {reason}", file=path) from None
