"""An empty picture, and writing it: what every drawing here begins and ends with."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from skelfuse.errors import SkelfuseError
from skelfuse.files import atomic_write, cannot_write


def new_picture(width: float, height: float) -> Any:
    """Return an empty figure of so many inches, which no window shows."""
    if find_spec("matplotlib") is None:
        raise SkelfuseError(
            "a picture needs matplotlib", remedy="pip install 'skelfuse[plot]', or leave out --plot"
        )
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def finish(panel: Any) -> None:
    """Give a panel of curves or bars its grid, and leave out the frame that says nothing."""
    panel.grid(visible=True, alpha=0.3)
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)


def _is_name(part: Any) -> bool:
    """Tell whether a part of a picture is text in which `$` would begin a formula."""
    return "$" in getattr(part, "get_text", str)()


def write_picture(figure: Any, path: str | Path) -> None:
    """Write a figure into `path`, whose ending says the kind of picture.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "empty.png"
    >>> write_picture(new_picture(1, 1), path)
    >>> path.read_bytes()[1:4]
    b'PNG'
    """
    path = Path(path)
    for text in getattr(figure, "findobj", lambda match: ())(match=_is_name):
        text.set_parse_math(False)
    try:
        with atomic_write(path) as new:
            figure.savefig(new, dpi=110, format=path.suffix[1:])
    except OSError as error:
        raise cannot_write("the picture", path, error) from None
    except ValueError:
        kinds = ", ".join(sorted(figure.canvas.get_supported_filetypes()))
        raise SkelfuseError(
            "unknown kind of figure", file=path, expected=f"a name that ends in one of {kinds}"
        ) from None
