"""YAML from a stranger: plain values, bounded in length, every mistake one error with its line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from skelfuse.errors import SkelfuseError
from skelfuse.files import as_error, check_readable

if TYPE_CHECKING:
    import yaml

# Letters: a body of a thousand joints has so many, a configuration a few thousand.
LONGEST = 1 << 16
MOST = 20_000  # values, those of an alias counted each time it is used
DEEPEST = 100  # brackets within brackets
TOO_DEEP = "lists within lists within lists"
SPLIT = "write less into one file"


def read_yaml(path: str | Path) -> tuple[Any, yaml.Node | None]:
    """Return what a YAML file says, and its nodes."""
    path = Path(path)
    check_readable(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        problem = "cannot read: not UTF-8 text"
        raise SkelfuseError(problem, file=path, remedy="save it as UTF-8") from None
    except OSError as error:
        raise as_error(error, path) from None
    return parse_yaml(text, file=path)


def parse_yaml(text: str, *, file: str | Path | None = None) -> tuple[Any, yaml.Node | None]:
    """Return what a YAML text says, and its nodes, which know their lines.

    >>> parse_yaml("epochs: 9")[0]
    {'epochs': 9}
    >>> parse_yaml("day: !!int x", file="mine.yaml")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: mine.yaml, line 1: not YAML: 'x' is not what its kind says; \
write plain text, numbers, lists and keys
    """
    import yaml

    if len(text) > LONGEST:
        raise SkelfuseError(
            "a YAML text that is too long",
            file=file,
            expected=f"at most {LONGEST} letters",
            found=len(text),
            remedy=SPLIT,
        )
    if _depth(text) > DEEPEST:  # which PyYAML finds out slowly
        raise SkelfuseError(f"not YAML: {TOO_DEEP}", file=file, remedy=SPLIT)
    loader, node = yaml.SafeLoader(""), None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            return None, None
        # Aliases may lead in a circle, or unfold to more than anybody writes.
        if _size(node, {}, set(), file) > MOST:
            raise SkelfuseError(
                "a YAML text with too many values",
                file=file,
                expected=f"at most {MOST}, those of an alias counted each time",
                remedy=SPLIT,
            )
        return loader.construct_document(node), node
    except SkelfuseError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        told = getattr(error, "problem", None) or " ".join(str(error).split())
    except RecursionError:
        line, told = None, TOO_DEEP
    except Exception:  # PyYAML passes on what int(), float() and dates raise
        guilty = None if node is None else _guilty(node)
        line = None if guilty is None else guilty.start_mark.line + 1
        told = f"{str(guilty.value)[:40]!r} is not what its kind says" if guilty else "no value"
    finally:
        loader.dispose()
    raise SkelfuseError(
        f"not YAML: {told}",
        file=file,
        line=line,
        remedy="write plain text, numbers, lists and keys",
    )


def _depth(text: str) -> int:
    """Return how many brackets are open at most, those in quotes too: nobody quotes so many."""
    opened = most = 0
    for letter in text:
        opened += (letter in "[{") - (letter in "]}")
        most = max(most, opened)
    return most


def _size(node: yaml.Node, sizes: dict[int, int], above: set[int], file: str | Path | None) -> int:
    if id(node) in above:
        raise SkelfuseError(
            "an alias that contains itself",
            file=file,
            line=node.start_mark.line + 1,
            remedy="write the values out",
        )
    if id(node) not in sizes:
        above.add(id(node))
        sizes[id(node)] = 1 + sum(_size(part, sizes, above, file) for part in _parts(node))
        above.discard(id(node))
    return sizes[id(node)]


def _parts(node: yaml.Node) -> list[yaml.Node]:
    import yaml

    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return []


def _guilty(node: yaml.Node) -> yaml.ScalarNode | None:
    """Return the first value that cannot be made."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        try:
            yaml.constructor.SafeConstructor().construct_object(node)
        except Exception:
            return node
    return next((found for part in _parts(node) if (found := _guilty(part))), None)
