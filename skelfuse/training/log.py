"""What a run leaves to read: a line of metrics an epoch, and the kernels as they were then."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import nn

from skelfuse.errors import SkelfuseError
from skelfuse.files import cannot_write, check_readable, remove_leftovers, write_text
from skelfuse.training.losses import kernels_of
from skelfuse.training.watch import Watcher

METRICS, KERNELS = "metrics.jsonl", "kernels.jsonl"
GO_ON = "make room or choose another --out, then go on with --resume"


class Log:
    """Append to a run's records; on resume, what came after the checkpoint is cut off first.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> log = Log(folder, done=0)
    >>> log.metrics({"epoch": 1, "loss": 0.5})
    >>> log.metrics({"epoch": 2, "loss": float("nan")})
    >>> read_lines(folder / METRICS)
    [{'epoch': 1, 'loss': 0.5}, {'epoch': 2, 'loss': None}]
    >>> _ = Log(folder, done=1)                             # epoch 2 will be done again
    >>> read_lines(folder / METRICS)
    [{'epoch': 1, 'loss': 0.5}]
    """

    def __init__(self, folder: Path, *, done: int) -> None:
        self.folder = folder
        remove_leftovers(folder)  # a killed run may have left half a checkpoint
        for name in (METRICS, KERNELS):
            kept = [line for line in read_lines(folder / name) if line["epoch"] <= done]
            text = "".join(json.dumps(line) + "\n" for line in kept)
            write_whole(folder / name, text)

    def metrics(self, values: Mapping[str, Any]) -> None:
        """Append an epoch's values; what is not a number becomes null."""
        self._append(METRICS, {name: _finite(value) for name, value in values.items()})

    def kernels(self, epoch: int, model: nn.Module) -> None:
        """Append the motion kernels' taps `[k,D]`; epoch 0 is before training."""
        found = {
            name: {
                "scale": kernel.scale,
                "group": kernel.group,
                "offsets": list(kernel.offsets),
                "taps": kernel.taps.tolist(),
            }
            for name, kernel in kernels_of(model).items()
        }
        if found:
            self._append(KERNELS, {"epoch": epoch, "kernels": found})

    def _append(self, name: str, line: Mapping[str, Any]) -> None:
        try:
            with (self.folder / name).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise cannot_write_run(self.folder / name, error) from None


class TensorBoard(Watcher):
    """Write every number of an epoch for TensorBoard, which must be installed."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.folder = folder
        try:
            self._writer = SummaryWriter(str(folder))
        except OSError as error:
            raise cannot_write_run(folder, error) from None

    def on_epoch(self, metrics: dict[str, Any]) -> None:
        """Write the epoch's values."""
        try:
            for name, value in metrics.items():
                if name != "epoch" and isinstance(value, (int, float)):
                    self._writer.add_scalar(name, value, metrics["epoch"])
            self._writer.flush()
        except OSError as error:
            raise cannot_write_run(self.folder, error) from None

    def on_end(self) -> None:
        """Close the files."""
        with suppress(OSError):  # what could not be written was told when it was
            self._writer.close()


def tensorboard(folder: Path) -> Watcher | None:
    """Return a watcher that writes for TensorBoard, or None where that is not installed."""
    from importlib.util import find_spec

    return TensorBoard(folder) if find_spec("tensorboard") else None


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the whole lines of a JSON-lines file; a last one cut short is left out."""
    if not path.exists():
        return []
    check_readable(path)
    lines = path.read_bytes().split(b"\n")[:-1]
    return [_record(line, path, number) for number, line in enumerate(lines, start=1)]


def _record(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict) or type(record.get("epoch")) is not int:
        raise SkelfuseError(
            "a record that is damaged",
            file=path,
            line=number,
            expected='a line such as {"epoch": 1, ...}',
            found=ascii(line[:30])[1:],
            remedy="remove the line, or take the file from a copy of the run",
        )
    return record


def write_whole(path: Path, text: str) -> None:
    """Write a small file of a run so that it is never half there."""
    write_text(path, text, remedy=GO_ON)


def cannot_write_run(path: Path, error: OSError) -> SkelfuseError:
    """Return the error for a file of a run that cannot be written."""
    return cannot_write("", path, error, remedy=GO_ON)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
