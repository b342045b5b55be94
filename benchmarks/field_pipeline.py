"""The way of the field's preprocessing scripts, written straightforwardly: a yardstick.

    python benchmarks/field_pipeline.py FOLDER OUT.npz JOBS

Three steps with a pickle between one and the next: read line by line; drop ghosts and furniture and
assemble two actors; pad all clips into one array, split them, save. It leaves out what only some of
the scripts do: moving every clip to its origin, one-hot labels.
"""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FRAMES = 300
Floats = npt.NDArray[np.float32]
Body = dict[str, Any]  # frames, joints [L,25,3], colors [L,25,2], states [L,25]
TRAIN = {1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38}


def raw_bodies(path: Path) -> dict[str, Any]:
    """Step 1, read a file line by line: for each body its frames, joints, colours and states."""
    bodies: dict[str, Body] = {}
    with path.open() as file:
        frames = int(file.readline())
        for frame in range(frames):
            for _ in range(int(file.readline())):
                name = file.readline().split()[0]
                joints, colors, states = [], [], []
                for _ in range(int(file.readline())):
                    fields = [float(field) for field in file.readline().split()]
                    joints.append(np.array(fields[:3], dtype=np.float32))
                    colors.append(np.array(fields[5:7], dtype=np.float32))
                    states.append(fields[11] / 2)
                new: Body = {"frames": [], "joints": [], "colors": [], "states": []}
                body = bodies.setdefault(name, new)
                body["frames"].append(frame)
                body["joints"].append(np.array(joints))
                body["colors"].append(np.array(colors))
                body["states"].append(np.array(states, dtype=np.float32))
    for body in bodies.values():
        for key in ("joints", "colors", "states"):
            body[key] = np.array(body[key])
        body["motion"] = float(np.var(body["joints"].reshape(-1, 3), axis=0).sum())
    return {"name": path.stem, "frames": frames, "bodies": bodies}


def is_furniture(joints: Floats) -> bool:
    wide = 0
    for frame in joints:
        x, y = frame[:, 0], frame[:, 1]
        wide += (x.max() - x.min()) > 0.8 * (y.max() - y.min())
    return wide / len(joints) >= 0.69754


def two_actors(clip: dict[str, Any]) -> tuple[str, Floats, Floats]:
    """Step 2, drop ghosts and furniture, keep two actors: joints [T,150], confidence [T,50]."""
    bodies = list(clip["bodies"].values())
    if len(bodies) > 1:
        bodies = [b for b in bodies if len(b["frames"]) > 11 and not is_furniture(b["joints"])]
    bodies.sort(key=lambda body: -body["motion"])
    out = np.zeros((clip["frames"], 150), np.float32)
    sure = np.zeros((clip["frames"], 50), np.float32)
    free = [np.ones(clip["frames"], bool), np.ones(clip["frames"], bool)]
    for body in bodies:
        at = body["frames"]
        for actor in range(2):
            if free[actor][at].all():
                out[at, actor * 75 : actor * 75 + 75] = body["joints"].reshape(-1, 75)
                sure[at, actor * 25 : actor * 25 + 25] = body["states"]
                free[actor][at[0] : at[-1] + 1] = False
                break
    return clip["name"], out, sure


def run(folder: Path, out: Path, jobs: int) -> None:
    """Go all three steps, the first one with `jobs` processes."""
    files = sorted(folder.glob("*.skeleton"))
    between = out.with_suffix(".pkl")
    if jobs == 1:
        raw = [raw_bodies(file) for file in files]
    else:
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            raw = pool.map(raw_bodies, files, chunksize=8)
    between.write_bytes(pickle.dumps(raw, pickle.HIGHEST_PROTOCOL))
    denoised = [two_actors(clip) for clip in pickle.loads(between.read_bytes())]
    between.write_bytes(pickle.dumps(denoised, pickle.HIGHEST_PROTOCOL))
    clips = pickle.loads(between.read_bytes())
    whole = np.zeros((len(clips), FRAMES, 150), np.float32)
    confidence = np.zeros((len(clips), FRAMES, 50), np.float32)
    for i, (_, joints, sure) in enumerate(clips):
        whole[i, : len(joints)] = joints[:FRAMES]
        confidence[i, : len(sure)] = sure[:FRAMES]
    label = np.array([int(name[17:20]) for name, _, _ in clips])
    train = np.array([int(name[9:12]) in TRAIN for name, _, _ in clips])
    parts = {"train": train, "test": ~train}
    np.savez(
        out,
        **{f"x_{part}": whole[rows] for part, rows in parts.items()},
        **{f"c_{part}": confidence[rows] for part, rows in parts.items()},
        **{f"y_{part}": label[rows] for part, rows in parts.items()},
    )


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
