"""Small whole files of animals, motion capture and older sensors, added to small_files.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from helpers import recording_writers
from helpers.recording_writers import as_hdf5, as_text

Content = Any  # dictionaries, lists, arrays, texts: what a file of the format is made of
Write = Callable[[Path, Content], Path]

RAMP = np.linspace(0.5, 4, 4 * 25 * 3).reshape(4, 25, 3)

PARTS = [("rig", part, what) for part in ("nose", "tail") for what in ("x", "y", "likelihood")]
DLC = (
    "scorer,rig,rig,rig,rig,rig,rig\nbodyparts,nose,nose,nose,tail,tail,tail\n"
    "coords,x,y,likelihood,x,y,likelihood\n0,1,2,0.9,3,4,0.9\n1,5,6,0.1,7,8,1\n"
)
TWO_MICE = (
    "scorer,rig,rig,rig,rig,rig,rig\nindividuals,a,a,a,b,b,b\nbodyparts,nose,nose,nose,nose,nose,nose\n"
    "coords,x,y,likelihood,x,y,likelihood\n0,1,2,0.9,3,4,0.9\n2,5,6,0.9,7,8,1\n"
)
SLP = {
    "metadata": {
        "skeletons": [
            {
                "nodes": [{"id": 1}, {"id": 0}],
                "links": [
                    {
                        "source": 1,
                        "target": 0,
                        "type": {"py/reduce": [{"py/type": "EdgeType"}, {"py/tuple": [1]}]},
                    }
                ],
            }
        ],
        "nodes": [{"name": "tail"}, {"name": "nose"}],
    },
    "video": {"backend": {"fps": 50.0}},
    "frames": np.array(
        [(0, 0, 10, 0, 2), (1, 0, 11, 2, 4)],
        [
            *(("frame_id", "<u8"), ("video", "<u4"), ("frame_idx", "<u8")),
            *(("instance_id_start", "<u8"), ("instance_id_end", "<u8")),
        ],
    ),
    # Two tracks; in the second frame somebody corrected the first one's prediction.
    "instances": np.array(
        [
            (0, 1, 0, 0, -1, 0, 2),
            (1, 1, 0, 1, -1, 2, 4),
            (2, 1, 0, 0, -1, 4, 6),
            (3, 0, 0, 0, 2, 0, 2),
        ],
        [
            *(("instance_id", "<i8"), ("instance_type", "u1"), ("skeleton", "<u4")),
            *(("track", "<i4"), ("from_predicted", "<i8")),
            *(("point_id_start", "<u8"), ("point_id_end", "<u8")),
        ],
    ),
    "points": np.array(
        [(50, 51, True), (52, 53, False)], [("x", "<f8"), ("y", "<f8"), ("visible", "?")]
    ),
    "pred_points": np.array(
        [(i, i + 0.5, True, 0.9) for i in range(6)],
        [("x", "<f8"), ("y", "<f8"), ("visible", "?"), ("score", "<f8")],
    ),
}
BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 1 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Chest
  {
    OFFSET 0 2 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT Head
    {
      OFFSET 0 3 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      End Site
      {
        OFFSET 0 1 0
      }
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0333333
0 1 0 0 0 0 0 0 0 0 0 0
5 1 0 90 0 0 0 90 0 0 0 0
"""
TRC = (
    "PathFileType\t4\t(X/Y/Z)\ta.trc\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\n"
    "60\t60\t2\t2\tmm\nFrame#\tTime\tLHip\t\t\tRHip\t\t\n\t\tX1\tY1\tZ1\tX2\tY2\tZ2\n\n"
    "1\t0\t1000\t2000\t3000\t4000\t5000\t6000\n2\t0.02\t\t\t\t7000\t8000\t9000\n"
)
MSR = "".join(f"{n} {n + 0.5} 2.5 1\n" for n in range(20)) + 20 * "0 0 0 0\n"
UT_LINE = " ".join(["0.5 -0.25 2.0"] * 20)
UT = "".join(f"{n} {UT_LINE}\n" for n in (190, 190, 192, 196, 200, 204))
UT_LABELS = "s01_e01\nwalk: 190 196\ncarry:  NaN NaN\nsitDown: 200 204 \ns01_e02\nwalk: 1 2\n"
PRMD = "\n".join(",".join(["0,10,0"] * 22) for _ in range(2)) + "\n"
FILES: dict[str, list[tuple[Write, Content]]] = {
    "msr-action3d": [(as_text("a01_s02_e03_skeleton3D.txt"), MSR)],
    "utkinect": [(as_text("joints_s01_e01.txt", **{"actionLabel.txt": UT_LABELS}), UT)],
    "ui-prmd": [
        (
            as_text(
                "m01_s02_e03_positions.txt", **{"m01_s02_e03_angles.txt": PRMD.replace("10", "0")}
            ),
            PRMD,
        )
    ],
    "shrec": [
        (
            as_text("gesture_2/finger_1/subject_3/essai_4/skeletons_world.txt"),
            "\n".join(" ".join(["0.5 -0.25 0.75"] * 22) for _ in range(3)) + "\n",
        )
    ],
    "deeplabcut": [
        (as_text("DLC.csv"), DLC),
        (as_text("DLC.csv"), TWO_MICE),
        (
            recording_writers.as_pandas,
            {
                "columns": PARTS,
                "index": [0, 1],
                "values": [[1, 2, 0.9, 3, 4, 0.9], [5, 6, 0.1, 7, 8, 1]],
            },
        ),
    ],
    "sleap": [(recording_writers.as_slp, SLP)],
    "sleap-analysis": [
        (
            as_hdf5("a.analysis.h5"),
            {
                "tracks": RAMP[:2, :24, :].reshape(2, 2, 4, 9),
                "node_names": np.array([b"nose", b"earL", b"earR", b"tail"]),
                "edge_inds": np.array([[0, 1], [0, 2], [0, 3]]),
                "point_scores": np.ones((2, 4, 9)),
            },
        )
    ],
    "sleap-csv": [
        (
            as_text("a.csv"),
            "track,frame_idx,instance.score,nose.x,nose.y,nose.score,tail.x,tail.y,tail.score\n"
            "one,3,0.9,1,2,0.8,3,4,0.8\ntwo,3,0.9,5,6,0.8,,,\none,5,0.9,7,8,0.8,9,10,0.8\n",
        )
    ],
    "movement": [
        (
            recording_writers.as_netcdf,
            {
                "time": np.arange(3.0),
                "space": [b"x", b"y"],
                "keypoints": [b"nose", b"tail"],
                "individuals": [b"ann"],
                "position": np.arange(12.0).reshape(3, 2, 2, 1),
                "confidence": np.array([0.9, 0.1, 0.9, 0.9, 0.9, 0.9]).reshape(3, 2, 1),
                "fps": 25.0,
            },
        )
    ],
    "simba": [
        (
            as_text("a.csv"),
            ",Nose_1_x,Nose_1_y,Nose_1_p,Nose_2_x,Nose_2_y,Nose_2_p,movement\n"
            "0,1,2,0.9,3,4,0.9,7\n1,5,6,0.9,7,8,0.9,\n",
        )
    ],
    "bvh": [(as_text("walk.bvh"), BVH)],
    "trc": [(as_text("a.trc"), TRC), (as_text("a.trc"), TRC.replace("\t", ","))],
    "c3d": [
        (
            recording_writers.as_c3d,
            {
                "labels": ["LHip", "RHip"],
                "units": "mm",
                "rate": 100.0,
                "points": POINTS,
                "scale": s,
            },
        )
        for s in (-1.0, 0.5)
        for POINTS in [np.arange(24.0).reshape(3, 2, 4) - [0, 0, 0, 7]]
    ],
    "table": [(as_text("a.csv"), "frame,nose_x,nose_y,tail_x,tail_y\n3,1,2,3,4\n4,5,6,,\n")],
}
