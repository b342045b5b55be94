"""`--checkpoint best|last`: which file of a run's folder is loaded."""

from __future__ import annotations

from pathlib import Path

import click


def checkpoint_of(run: Path, which: str | None) -> Path:
    """Return the checkpoint of a run's folder by its short name; without one, the run itself."""
    if which is None:
        return run
    if run.is_file():
        raise click.UsageError(f"--checkpoint needs a run's folder; {run} is a file")
    # If the folder is missing, the error should name it, not a file in it.
    return run / f"{which}.safetensors" if run.is_dir() else run
