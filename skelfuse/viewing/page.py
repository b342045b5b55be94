"""Clips as one page for any browser, to play them before training: nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skelfuse.clip import Clip
from skelfuse.clips.upright import NAMES, up_axis
from skelfuse.files import write_text
from skelfuse.skeleton import Skeleton
from skelfuse.telling.counted import counted
from skelfuse.telling.words import joint_words
from skelfuse.viewing.assembled import assembled
from skelfuse.viewing.doubts import Doubt, doubts
from skelfuse.viewing.onlooker import onlooker, staged
from skelfuse.viewing.places import packed_places
from skelfuse.viewing.shown import Shown

FRAMES_A_SECOND = 30.0  # of a clip that does not say its rate
NUMBERS = 1_500_000  # on a page; above, every second frame of the clips is left out, and so on
DIGITS = 1000
MIDDLE, LEFT, RIGHT = 0, 1, 2


def write_view(shown: Shown, path: str | Path) -> list[Doubt]:
    """Write a page that plays clips, and works without a network, at `path`; return the doubts."""
    found = doubts(shown.looked)
    write_text(path, page_of(shown, found), what="the page")
    return found


def page_of(shown: Shown, found: Sequence[Doubt]) -> str:
    """Return the page as HTML."""
    own = "skelfuse.viewing"
    return assembled(
        (own, "page.html"),
        title=_title(shown),
        styles=[(own, "base.css"), (own, "page.css")],
        scripts=[(own, "stage.js"), (own, "page.js")],
        data=page_data(shown, found),
    )


def _title(shown: Shown) -> str:
    one = shown.clips[0].name if len(shown.clips) == 1 else counted(len(shown.clips), "clip")
    return f"{Path(shown.source).name}: {one}"


def page_data(shown: Shown, found: Sequence[Doubt]) -> dict[str, Any]:
    """Return all that the page shows, as plain values."""
    skeleton = shown.clips[0].skeleton
    total = sum(clip.coords[..., 0].size for clip in shown.clips) * 3
    step = -(-total // NUMBERS)
    notes = [*shown.notes, *([f"every {_ordinal(step)} frame is shown"] if step > 1 else [])]
    return {
        "title": _title(shown),
        "source": f"{shown.source} · {skeleton.name}: {len(skeleton)} joints in "
        f"{skeleton.dimensions} dimensions",
        "doubts": [[doubt.text, doubt.warning] for doubt in found],
        "notes": notes,
        "joints": [joint_words(name) for name in skeleton.joints],
        "sides": sides(skeleton),
        "bones": [[n, parent] for n, parent in enumerate(skeleton.parents) if n != parent],
        "flat": skeleton.dimensions == 2,
        "digits": DIGITS,
        "clips": [_clip(clip, step) for clip in shown.clips],
    }


def _ordinal(number: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(number, f"{number}th")


def sides(skeleton: Skeleton) -> list[int]:
    """Return for each joint 1 where it is the body's left, 2 where its right, 0 in the middle.

    >>> from skelfuse.layouts import COCO_17
    >>> sides(COCO_17)[:5]
    [0, 1, 2, 1, 2]
    """
    found = [MIDDLE] * len(skeleton)
    for left, right in skeleton.pairs:
        found[skeleton.index(left)], found[skeleton.index(right)] = LEFT, RIGHT
    return found


def _clip(clip: Clip, step: int) -> dict[str, Any]:
    up = up_axis(clip)
    view = onlooker(clip)
    at = staged(clip.coords[::step], view)
    missing = 1 - clip.mask.mean(axis=(0, 1))
    said = {
        "label": clip.label,
        "subject": clip.subject,
        "camera": clip.camera,
        "split": ", ".join(f"{name}: {part}" for name, part in clip.splits.items()) or None,
    }
    rate = f"{clip.fps:g} a second" if clip.fps else "frame rate not known"
    if clip.origin is not None:
        last = clip.origin.end - 1
        said["cut from"] = f"{clip.origin.recording}, frames {clip.origin.start} to {last}"
    return {
        "name": clip.name,
        "label": clip.label,
        "frames": clip.frames,
        "persons": clip.persons,
        "step": step,
        "fps": clip.fps or FRAMES_A_SECOND,
        "seconds": clip.fps is not None,
        "facts": [
            ["frames", f"{clip.frames:,}, {rate}"],
            ["people", f"{clip.persons}"],
            *([what, text] for what, text in said.items() if text),
            ["extent", _extent(clip)],
            ["up", f"{up}, by hips and shoulders" if up else "not known from the joints"],
            *(["note", note] for note in clip.notes),
        ],
        # By name, and where it points before the onlooker.
        "axes": [[NAMES[d], *view[:, d].astype(int).tolist()] for d in range(view.shape[1])],
        "at": packed_places(at, DIGITS),
        "missing": [round(float(share), 4) for share in missing],
        "intervals": [one.as_list() for one in clip.intervals],
    }


def _extent(clip: Clip) -> str:
    seen = clip.coords[clip.mask]
    if not len(seen):
        return "nobody is seen"
    ends = zip(NAMES, seen.min(axis=0), seen.max(axis=0), strict=False)
    return ", ".join(f"{name} {least:.4g} to {most:.4g}" for name, least, most in ends)
