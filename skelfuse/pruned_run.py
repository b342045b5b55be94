"""The folder of a pruned run: it is there whole, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from skelfuse.errors import SkelfuseError
from skelfuse.files import cannot_write
from skelfuse.training.checkpoint import BEST, write_checkpoint
from skelfuse.training.config import TrainConfig
from skelfuse.training.config_file import config_text
from skelfuse.training.log import KERNELS, METRICS, write_whole

CONFIG = "config.yaml"


def check_free(out: Path) -> None:
    """Refuse a place at which there is something."""
    try:
        free = not out.exists() or (out.is_dir() and not any(out.iterdir()))
    except OSError as error:
        raise SkelfuseError(
            f"cannot look into it: {error.strerror}", file=out, remedy="choose another --out"
        ) from None
    if not free:
        raise SkelfuseError("there is something already", file=out, remedy="choose another --out")


def write_run(
    out: Path,
    records: Path,
    config: TrainConfig,
    tensors: Mapping[str, Tensor],
    facts: Mapping[str, Any],
) -> None:
    """Write a run to the free place `out`; the records of its training are those in `records`.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_run(folder / "run", folder, TrainConfig(), {}, {"epoch": 9})
    >>> sorted(path.name for path in (folder / "run").iterdir())
    ['best.safetensors', 'config.yaml']
    """
    with _whole_or_not_at_all(out):
        out.mkdir(parents=True, exist_ok=True)
        for name in (METRICS, KERNELS):
            if (records / name).exists():
                shutil.copyfile(records / name, out / name)
        write_whole(out / CONFIG, config_text(config))
        write_checkpoint(out / BEST, tensors, facts)


@contextmanager
def _whole_or_not_at_all(out: Path) -> Iterator[None]:
    made = [folder for folder in (out, *out.parents) if not folder.exists()]  # the innermost first
    try:
        yield
    except BaseException as error:
        for name in (METRICS, KERNELS, CONFIG, BEST):
            with suppress(OSError):
                (out / name).unlink()
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        remedy = "make room or choose another --out, then prune again"
        if isinstance(error, OSError):
            raise cannot_write("", out, error, remedy=remedy) from None
        if isinstance(error, SkelfuseError):
            raise SkelfuseError(error.problem, file=error.file, remedy=remedy) from None
        raise
