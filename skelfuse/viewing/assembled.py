"""A page that is one file: its parts, its data and its scripts put together, nothing fetched."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

Part = tuple[str, str]  # a package and a file in it
BASE: Part = ("skelfuse.viewing", "base.html")


def assembled(
    page: Part, *, title: str, styles: Sequence[Part], scripts: Sequence[Part], data: Any
) -> str:
    """Return a page as HTML around its part `page`: styles, scripts, and `data` as JSON.

    >>> page, none = ("skelfuse.viewing", "page.html"), ()
    >>> text = assembled(page, title="<b>", styles=none, scripts=none, data={"name": "</script>"})
    >>> "<title>&lt;b&gt;</title>" in text, text.count("</script>")  # its own two
    (True, 2)
    """
    values = json.dumps(data, ensure_ascii=False, allow_nan=False)
    parts: Mapping[str, str] = {
        "title": html.escape(title),
        "main": _text(page),
        "style": "".join(map(_text, styles)),
        "data": values.replace("<", "\\u003c"),  # a name must not end the script that it is in
        "script": "".join(map(_text, scripts)),
    }
    # In one pass: what a name or a script holds is never taken for a place to fill.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _text(BASE))


def _text(part: Part) -> str:
    package, name = part
    return files(package).joinpath(name).read_text(encoding="utf-8")
