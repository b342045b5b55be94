"""Why a model decides as it does: the evidence of joints, moments and statistics, and its page."""

from __future__ import annotations
