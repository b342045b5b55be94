"""Check what the demo promises: 90 % on people it never saw, in five minutes.

Given are its evaluation's JSON file and the seconds that it took.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

LEAST, LONGEST = 0.90, 300

top1 = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["metrics"]["top1"]
seconds = int(sys.argv[2])
print(f"the demo: {top1:.2%} on held-out people after {seconds} s")
if top1 < LEAST or seconds > LONGEST:
    sys.exit(f"it promises {LEAST:.0%} within {LONGEST} s")
