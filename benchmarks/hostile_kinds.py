"""Every kind of file that skelfuse reads: how to make a small whole one, and how it is read."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).resolve().parent.parent / "tests"
READ, TOLD, UNFORESEEN = "read", "told", "told as unforeseen"
Make = Callable[[Path], Path]  # a whole file in an empty folder
Read = Callable[[Path], object]
Target = tuple[Make, Read]


def targets() -> dict[str, Target]:
    """Return every kind of file: how to make a whole one, and how it is read."""
    if str(TESTS) not in sys.path:  # pytest has it there
        sys.path.append(str(TESTS))
    from helpers.small_files import FILES
    from skelfuse.clip import Clip
    from skelfuse.datasets.clips import clips_in
    from skelfuse.datasets.format import ReadOptions

    def read_clips(form: str, path: Path) -> str:
        found = [
            str(one) for one in clips_in(path, form, ReadOptions()) if not isinstance(one, Clip)
        ]
        unforeseen = any(": cannot be read: " in error for error in found)
        return UNFORESEEN if unforeseen else TOLD if found else READ

    found: dict[str, Target] = {}
    for form, files in FILES.items():
        for number, (write, content) in enumerate(files):
            name = f"{form}-{number}" if len(files) > 1 else form
            found[name] = (partial(_written, write, content), partial(read_clips, form))
    return found | _stores() | _runs() | _yaml() | _tables()


def _written(write: Callable[[Path, Any], Path], content: Any, folder: Path) -> Path:
    return write(folder, content)


def _stores() -> dict[str, Target]:
    from skelfuse.clip import Clip
    from skelfuse.layouts import KINECT_V2
    from skelfuse.store import Store
    from skelfuse.store.journal import take_up
    from skelfuse.store.seal import SIZE
    from skelfuse.store.writer import StoreWriter, packed

    def make(folder: Path, *, finish: bool = True, sealed: bool = True) -> Path:
        path = folder / "s.h5"
        with StoreWriter(path, provenance={}, resume=False) as writer:
            for source in "ab":
                coords = np.linspace(0, 1, 5 * 75, dtype=np.float32).reshape(5, 1, 25, 3)
                clip = Clip(coords, KINECT_V2, name=source, label="wave")
                writer.accept(KINECT_V2)
                writer.add(*packed(clip), source=source)
                facts = {"source": source, "bytes": 1, "sha256": "", "clips": 1, "problems": []}
                writer.finish_source(facts)
            if finish:
                writer.finish()
        if not finish:
            return folder / "s.h5.partial" / "journal"
        if not sealed:
            os.truncate(path, path.stat().st_size - SIZE)
        return path

    def read(path: Path) -> None:
        store = Store(path)
        for i in range(len(store)):
            _ = store[i].coords.sum()
        _ = store.splits, store.sources, store.check_metadata(), list(store.damaged())

    def read_journal(path: Path) -> None:
        take_up(path.parent, half=False, unchanged=lambda number, facts, seen: True)

    return {
        "store": (make, read),
        "store-unsealed": (partial(make, sealed=False), read),
        "journal": (partial(make, finish=False), read_journal),
    }


def _runs() -> dict[str, Target]:
    from skelfuse.evaluation.compare import compare
    from skelfuse.evaluation.comparison_table import comparison_text
    from skelfuse.evaluation.evaluate import FORMAT, FORMAT_VERSION
    from skelfuse.inspect.kernel_source import kernels_of_run
    from skelfuse.layouts import HAND_21
    from skelfuse.run import load_run
    from skelfuse.training.build import build_model
    from skelfuse.training.checkpoint import BEST, WEIGHT, write_checkpoint
    from skelfuse.training.config_file import config_from_dict, config_text
    from skelfuse.training.log import KERNELS, METRICS, Log, read_lines

    config = config_from_dict({"model": {"size": "pure"}})

    def run(folder: Path) -> Path:
        model = build_model(config.model, HAND_21, 2)
        facts = {"config": config.as_dict(), "skeleton": HAND_21.to_dict(), "epoch": 9}
        facts |= {"class_names": ["sit", "stand"], "metrics": {}, "provenance": {}, "versions": {}}
        facts |= {"class_counts": [4, 5], "usual_bodies": {"heights": [1.4, 1.8], "up": "+y"}}
        facts |= {"usual_lengths": {"middle": 2.0, "longest": 9.0, "unit": "s"}}
        facts |= {"seen_rate": {"median": 15.0, "low": 12.0, "high": 18.0, "clips": 9}}
        weights = {WEIGHT + name: value for name, value in model.state_dict().items()}
        write_checkpoint(folder / BEST, weights, facts)
        return folder / BEST

    def metrics(folder: Path) -> Path:
        log = Log(folder, done=0)
        for epoch in range(3):
            log.metrics({"epoch": epoch, "loss": 0.5, "accuracy": 0.25, "lr": 0.1})
        return folder / METRICS

    def kernels(folder: Path) -> Path:
        (folder / "config.yaml").write_text(config_text(config))
        model, log = build_model(config.model, HAND_21, 2), Log(folder, done=0)
        for epoch in range(2):
            log.kernels(epoch, model)
        return folder / KERNELS

    def evaluation(folder: Path) -> Path:
        run(folder)
        test = {"protocol": "p", "part": "test", "crops": 1, "store": "s", "clips_sha256": "0" * 64}
        told = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "runs": [{"checkpoint": BEST, "epoch": 9}],
            "test": test,
            "metrics": {"top1": 0.5, "macro_f1": 0.5},
            "top1_interval": [0.4, 0.6],
        }
        path = folder / "evaluation-a.json"
        path.write_text(json.dumps(told))
        return path

    return {
        "checkpoint": (run, load_run),
        "metrics": (metrics, read_lines),
        "kernels": (kernels, lambda path: kernels_of_run(path.parent)),
        "evaluation": (evaluation, lambda path: comparison_text(compare([path.parent]))),
    }


def _yaml() -> dict[str, Target]:
    from skelfuse.layouts import HAND_21
    from skelfuse.skeleton import Skeleton
    from skelfuse.training.config import TrainConfig
    from skelfuse.training.config_file import config_text, read_config

    def skeleton(folder: Path) -> Path:
        import yaml

        path = folder / "body.yaml"
        fields = {key: value for key, value in HAND_21.to_dict().items() if value}
        path.write_text(yaml.safe_dump(json.loads(json.dumps(fields))))
        return path

    def config(folder: Path) -> Path:
        path = folder / "c.yaml"
        path.write_text(config_text(TrainConfig()))
        return path

    return {"skeleton-yaml": (skeleton, Skeleton.from_yaml), "config-yaml": (config, read_config)}


def _tables() -> dict[str, Target]:
    """Labels, lists of names, and the lines of a live recording."""
    from skelfuse.datasets.frame_lines import parse_line
    from skelfuse.datasets.labels.table import read_labels
    from skelfuse.datasets.ntu_skip import read_skip_list
    from skelfuse.layouts import HAND_21

    columns = "Observation id,Media file,Subject,Behavior,Behavior type,Start (s),Stop (s)\n"
    texts = {
        "labels": "file,label,start,end,subject\na,walk,0,1.5,ann\na,sit,1.5,3,ann\n",
        "labels-boris": columns + "one,a.mp4,ann,sit,STATE,1.5,3\none,a.mp4,ann,walk,STATE,3,4\n",
        "labels-frames": "file,frame,label\na,0,walk\na,1,walk\na,2,sit\n",
        "skip-list": "Leave these out.\n\nS001C002P005R002A008\nS001C002P006R001A008\n",
    }
    found: dict[str, Target] = {}
    for name, text in texts.items():
        read: Read = read_skip_list if name == "skip-list" else read_labels
        found[name] = (partial(_text, name="a.csv", text=text), read)

    def read_frames(path: Path) -> None:
        for line in path.read_bytes().split(b"\n"):
            try:
                text = line.decode("utf-8-sig")
            except UnicodeDecodeError:
                continue
            if text.strip():
                parse_line(text, HAND_21)

    frame = json.dumps({"joints": [[0.5, 1, None]] + 20 * [[1, 2, 3]], "t": 0.25})
    text = json.dumps({"joint_names": list(HAND_21.joints), "fps": 30}) + "\n" + frame
    found["live"] = (partial(_text, name="a.jsonl", text=text), read_frames)
    return found


def _text(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name
