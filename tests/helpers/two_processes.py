"""A command that torchrun starts as two processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def two_processes(*arguments: str, restarts: int = 0) -> subprocess.Popen[str]:
    """Start two processes that share the work of a command."""
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.Popen(
        [sys.executable, "-m", *launch, f"--max-restarts={restarts}", "-m", "skelfuse.cli"]
        + [*arguments],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
