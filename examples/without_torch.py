"""Recognise a clip with NumPy and ONNX Runtime alone: what a robot or a phone has to do.

    skelfuse export runs/x --out model.onnx
    python examples/without_torch.py model.onnx clip.npy

The clip is an array of one person or several, `[T,N,D]` or `[T,M,N,D]`, NaN where a joint was not
seen, with joints in the order that the file names them in. This does all that a model needs which
was trained with `sampling.mode: resize`, on whole clips as they were recorded, if the most active
person shows the body's centre at least once. One that was trained on turned or scaled clips needs
that done as well; it is in skelfuse/clips/view.py, in NumPy too.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

Array = npt.NDArray[Any]


def prepared(clip: Array, facts: dict[str, Any]) -> tuple[Array, Array]:
    """Return `x [1,T,M,N,D]` and `mask [1,T,M,N]` of a clip `[F,P,N,D]`."""
    _, frames, persons, joints, dimensions = facts["x"]
    if clip.shape[2:] != (joints, dimensions) or np.isnan(clip).any(axis=-1).all():
        sys.exit(f"expected {joints} joints in {dimensions} dimensions, some seen: {clip.shape}")
    most = facts["store"]["max_persons"] or persons
    clip = most_active_first(clip)[:, : min(most, persons)]
    if facts["sampling"]["centre"]:
        clip = clip - centre_of(clip[:, 0], facts["skeleton"])

    moment = np.linspace(0, len(clip) - 1, frames)  # from the first frame to the last
    before = np.floor(moment).astype(int)
    after = np.minimum(before + 1, len(clip) - 1)
    share = (moment - before)[:, None, None, None]
    between = np.where(share > 0, (1 - share) * clip[before] + share * clip[after], clip[before])

    x = np.zeros((1, frames, persons, joints, dimensions), np.float32)  # an absent person is zero
    mask = np.zeros(x.shape[:4], bool)
    there = clip.shape[1]
    mask[0, :, :there] = ~np.isnan(between).any(axis=-1)
    x[0, :, :there] = np.nan_to_num(between)
    return x, mask


def most_active_first(clip: Array) -> Array:
    """Return the people who are seen at all: first whoever moves most, for as long as they do."""
    seen = ~np.isnan(clip).any(axis=-1)  # [F,P,N]
    there = np.flatnonzero(seen.any(axis=(0, 2)))
    frames = seen.any(axis=2).sum(axis=0)[there]
    moves = np.ma.masked_invalid(clip[:, there]).var(axis=0).filled(0).sum(axis=(1, 2))
    return clip[:, there[np.argsort(-moves * frames, kind="stable")]]


def centre_of(body: Array, skeleton: dict[str, Any]) -> Array:
    """Return where the first person is in the first frame that shows it."""
    joints = [skeleton["joints"].index(joint) for joint in skeleton["centre"]]
    centre: Array = body[:, joints].mean(axis=1)  # [F,D]
    known = centre[~np.isnan(centre).any(axis=1)]
    return known[0] if len(known) else sys.exit("the most active person never shows the centre")


def main() -> None:
    model, path = sys.argv[1:]
    session = onnxruntime.InferenceSession(model)
    facts = json.loads(session.get_modelmeta().custom_metadata_map["skelfuse.json"])
    how, store = facts["sampling"], facts["store"]
    whole = how["mode"] == "resize" and how["share"] == 1 and not how["fps"]
    if not whole or any(part[key] for part in (how, store) for key in ("align", "scale")):
        sys.exit(f"{model} wants clips prepared in another way: {how}, {store}")
    clip = np.load(path)
    clip = clip[:, None] if clip.ndim == 3 else clip
    x, mask = prepared(clip, facts)
    (probabilities,) = session.run(None, {"x": x, "mask": mask})
    for i in np.argsort(-probabilities[0]):
        print(f"{probabilities[0, i]:.4f}  {facts['classes'][i]}")


if __name__ == "__main__":
    main()
