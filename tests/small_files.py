"""The small files of every format, for the campaign in benchmarks/, which is no test."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from helpers.small_files import FILES

__all__ = ["FILES"]
