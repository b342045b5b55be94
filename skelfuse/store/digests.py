"""A clip's SHA-256 in a store: of its coordinates, its confidence and all that is known of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from skelfuse.clip import Clip, FloatArray


def clip_metadata(clip: Clip) -> dict[str, Any]:
    """Return everything that is known about a clip but its coordinates."""
    return {
        "name": clip.name,
        "label": clip.label,
        "subject": clip.subject,
        "camera": clip.camera,
        "setup": clip.setup,
        "replication": clip.replication,
        "fps": None if clip.fps is None else float(clip.fps),
        "splits": dict(clip.splits),
        "notes": list(clip.notes),
        **({"intervals": [one.as_list() for one in clip.intervals]} if clip.intervals else {}),
        **({"origin": clip.origin.as_list()} if clip.origin else {}),
    }


def clip_digest(clip: Clip, coords: FloatArray, confidence: FloatArray | None) -> str:
    """Return the SHA-256 of a clip as stored: its coordinates, confidence and metadata."""
    sure = None if confidence is None else np.ascontiguousarray(confidence).data
    return packed_digest(clip_metadata(clip), np.ascontiguousarray(coords).data, sure)


def packed_digest(
    metadata: Mapping[str, Any], coords: bytes | memoryview, confidence: bytes | memoryview | None
) -> str:
    """Return the same of a clip's metadata and bytes."""
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    digest.update(coords)
    if confidence is not None:
        digest.update(confidence)
    return digest.hexdigest()
