"""What models are given of each joint, by the names that configurations use."""

from __future__ import annotations

from skelfuse.models.streams.bone import Bone
from skelfuse.models.streams.distances import Distances, marks_of
from skelfuse.models.streams.joint import Joint
from skelfuse.models.streams.partner import PartnerDistances, PartnerOffset
from skelfuse.models.streams.stream import Signals, Stream
from skelfuse.models.streams.velocity import Velocity
from skelfuse.models.streams.waves import Waves

STREAMS: dict[str, type[Stream]] = {
    "joint": Joint,
    "bone": Bone,
    "distances": Distances,
    "partner": PartnerOffset,
    "partner_distances": PartnerDistances,
}

__all__ = [
    "STREAMS",
    "Bone",
    "Distances",
    "Joint",
    "PartnerDistances",
    "PartnerOffset",
    "Signals",
    "Stream",
    "Velocity",
    "Waves",
    "marks_of",
]
