"""A whole file of every format, as small as may be, to be read as it is or damaged first."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from helpers import small_recordings
from helpers.recording_writers import as_text
from helpers.stores import written
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17

Content = Any  # dictionaries, lists, arrays, texts: what a file of the format is made of
Write = Callable[[Path, Content], Path]

RAMP = np.linspace(0.5, 4, 4 * 25 * 3).reshape(4, 25, 3)
BODY = "72057594037931648 0 0 0 0 0 0 0.1 -0.2 2"


def as_json(name: str) -> Write:
    def write(folder: Path, content: Content) -> Path:
        return as_text(name)(folder, json.dumps(content, default=np.ndarray.tolist))

    return write


def as_openpose(folder: Path, content: Content) -> Path:
    return as_json("wave/a/a_000_keypoints.json")(folder, content).parent


def as_mat(name: str) -> Write:
    def write(folder: Path, content: Content) -> Path:
        path = folder / name
        usable = {key: value for key, value in content.items() if value is not None}
        scipy.io.savemat(path, usable)
        return path

    return write


def as_npz(folder: Path, content: Content) -> Path:
    np.savez(folder / "a.npz", **{key: value for key, value in content.items() if key != "file"})
    return folder / "a.npz"


def as_npy(folder: Path, content: Content) -> Path:
    np.save(folder / "a.npy", content.get("coords", [None]))
    return folder / "a.npy"


def as_frames(folder: Path, content: Content) -> Path:
    clip = folder / "wave" / "0"
    clip.mkdir(parents=True, exist_ok=True)
    np.save(clip / "0.npy", content.get("row", [None]))
    return clip


def as_labels(folder: Path, content: Content) -> Path:
    return as_text("wave/labels/a_1.txt")(folder, content).parent


def as_bytes(name: str) -> Write:
    def write(folder: Path, content: Content) -> Path:
        path = folder / name
        path.write_bytes(content["bytes"].tobytes() if "bytes" in content else b"")
        return path

    return write


def sign_pose() -> np.ndarray[Any, Any]:
    """Return the bytes of a .pose file of two frames and two points."""
    words = b"".join(struct.pack("<H", len(word)) + word for word in (b"POSE", b"XYC"))
    points = b"".join(struct.pack("<H", len(word)) + word for word in (b"nose", b"hand"))
    head = struct.pack("<fHHHH", 0.1, 9, 9, 0, 1) + words + struct.pack("<HHH", 2, 1, 0)
    body = struct.pack("<HHHHH", 0, 1, 25, 2, 1) + np.ones(12, "<f4").tobytes()
    return np.frombuffer(head + points + body, np.uint8)


def as_pickle(folder: Path, content: Content) -> Path:
    path = folder / "a.pkl"
    path.write_bytes(pickle.dumps(content))
    return path


def as_table(folder: Path, content: Content) -> Path:
    np.save(folder / "a.npy", RAMP[:, :17, :2])
    np.save(folder / "b.npy", np.array(["text"]))
    return as_text("clips.csv")(folder, content)


def as_store(folder: Path, content: Content) -> Path:
    path = folder / "a.h5"
    try:
        with np.errstate(over="ignore"):  # infinite then, which no clip may be
            coords = np.asarray(content.get("coords"), np.float32)
        clip = Clip(coords, COCO_17, name="a", label=content.get("label"))
    except SkelfuseError as error:
        raise ValueError(error) from None
    written(path, [clip])
    return path


def jhmdb() -> Content:
    ragged = {"frames": RAMP[:, :15, :2], "lengths": np.array([1, 3]), "label": np.array([0, 1])}
    parts = {f"{part}1_{key}": ragged[key] for part in ("train", "test") for key in ragged}
    return {"class_names": np.array(["golf", "clap"]), **parts}


SBU_ROWS = "".join(f"{t}," + ",".join(["0.5"] * 90) + "\n" for t in (1, 2, 3))
POINTS = [{"x": 0.5, "y": 0.25, "z": 0.1, "visibility": 0.9}] * 33
LONG = "frame,landmark,x,y,z\n" + "".join(f"{t},{i},1,2,3\n" for t in (1, 2) for i in range(33))
WIDE = ",".join(f"{axis}{i}" for i in range(33) for axis in "xy")
FILES: dict[str, list[tuple[Write, Content]]] = {
    "store": [(as_store, {"coords": RAMP[:, None, :17, :2], "label": "wave"})],
    "ntu": [
        (
            as_text("S001C001P001R001A001.skeleton"),
            "1\n1\n" + BODY + "\n25\n" + 25 * "0.5 -0.25 3.75 276.1 190.0 1032.3 514.0 0 0 0 0 2\n",
        )
    ],
    "nw-ucla": [
        (as_json("a08_s10_e02_v03.json"), {"skeletons": RAMP[:2, :20].tolist(), "label": 7})
    ],
    "utd-mhad": [(as_mat("a27_s3_t4_skeleton.mat"), {"d_skel": RAMP[:, :20].transpose(1, 2, 0)})],
    "sbu": [(as_text("s01s02/05/003/skeleton_pos.txt"), SBU_ROWS)],
    "penn-action": [
        (
            as_mat("0001.mat"),
            {
                **dict.fromkeys(("x", "y", "visibility"), RAMP[:, :13, 0]),
                **{"action": "bowl", "pose": "left", "train": np.array([[1]])},
            },
        )
    ],
    "jhmdb": [(as_npz, jhmdb())],
    "annotations": [
        (
            as_pickle,
            {
                "split": {"train": ["a"]},
                "annotations": [
                    {
                        "frame_dir": "a",
                        "label": 1,
                        "total_frames": 4,
                        "keypoint": RAMP[None, :, :17, :2],
                        "keypoint_score": np.ones((1, 4, 17)),
                    }
                ],
            },
        )
    ],
    "openpose": [(as_openpose, {"people": [{"pose_keypoints_2d": [1.0, 2.0, 0.5] * 18}]})],
    "keypoints": [
        (
            as_json("a.json"),
            {
                "keypoints": RAMP[:2, :2, :2].tolist(),
                "joint_names": ["hip", "knee"],
                "bones": [["knee", "hip"]],
                "confidence": [[1, 1], [1, 1]],
                "dimensions": 2,
                "fps": 30,
                "label": "sit",
            },
        ),
        (as_json("a.json"), {"keypoints": RAMP[:2, :17].tolist(), "layout": "coco-17"}),
        (as_json("a.json"), [{"image_id": 7, "keypoints": [1, 2, 0.9] * 17, "track_id": 1}] * 2),
        (as_json("a.json"), {"frames": [{"pose_landmarks": POINTS}], "label": "sit"}),
        (
            as_json("a.json"),
            {
                "instance_info": [
                    {
                        "frame_id": 1,
                        "instances": [{"keypoints": [[1, 2]] * 17, "keypoint_scores": [0.5] * 17}],
                    }
                ]
            },
        ),
        (
            as_json("a.json"),
            {
                "images": [{"id": 1, "file_name": "a_1.jpg"}],
                "annotations": [{"image_id": 1, "keypoints": [1, 2, 2] * 17, "track_id": 1}],
                "categories": [{"keypoints": [f"joint{i}" for i in range(17)]}],
            },
        ),
        (
            as_json("a.json"),
            [{"frame": 1, "results": [{"keypoints": {"x": [1] * 17, "y": [2] * 17}}]}],
        ),
        (
            as_json("a.json"),
            {"frames": [{"poseLandmarks": POINTS, "leftHandLandmarks": POINTS[:21]}]},
        ),
        (
            as_json("a.json"),
            {"data": [{"frame_index": 1, "skeleton": [{"pose": [1, 2] * 18, "score": [1] * 18}]}]},
        ),
    ],
    "mediapipe-npy": [(as_frames, {"row": np.linspace(0.5, 4, 258)})],
    "mediapipe-csv": [
        (as_text("wave/a.csv"), LONG),
        (as_text("wave/a.csv"), "\n".join([WIDE, *[",".join(["1.5"] * 66)] * 2])),
    ],
    "yolo": [(as_labels, "0 0.5 0.5 0.2 0.2 " + "0.5 0.25 0.9 " * 17 + "\n")],
    "pose": [(as_bytes("a.pose"), {"bytes": sign_pose()})],
    "npz": [
        (
            as_npz,
            {
                "coords": RAMP[:, :17, :2],
                "lengths": np.array([1, 3]),
                "label": np.array([0, 1]),
                "class_names": np.array(["sit", "wave"]),
                "subject": np.array(["ann", "bob"]),
                "train": np.array([True, False]),
                "fps": np.array(30),
                "confidence": np.ones((4, 17)),
                "joint_names": np.array([f"joint{i}" for i in range(17)]),
                "bones": np.array([(i, 0) for i in range(1, 17)]),
            },
        )
    ],
    "npy": [(as_npy, {"coords": RAMP[:, :17, :2]})],
    "npy-folder": [
        (as_table, "file,label,fps,train\na.npy,wave,30,1\nb.npy,wave,30,1\na.npy,sit,25,no\n")
    ],
    **small_recordings.FILES,
}
