"""Pickles: plain data and arrays are read at every protocol, and none can make anything happen."""

from __future__ import annotations

import collections
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelfuse.datasets.reading.pickled_numpy import Array
from skelfuse.datasets.reading.safe_pickle import read_pickle
from skelfuse.errors import SkelfuseError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def _plain(value: Any, path: Path) -> Any:
    if isinstance(value, Array):
        return value.load(path).tolist()
    if isinstance(value, dict):
        return {key: _plain(one, path) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(one, path) for one in value)
    return value


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_data_and_arrays_come_back(protocol: int, tmp_path: Path) -> None:
    ramp = np.arange(600, dtype=np.float32).reshape(2, 3, 100)
    shared = ["x" * 3]
    values: Any = {
        "numbers": [0, 1, 255, 256, -1, 70000, 2**40, -(2**200), 1.5, True, False, None],
        "text": ["", "é", "a" * 400, "日本", "line\nbreak"],
        "bytes": [b"", b"\xff\x00abc"],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "order": collections.OrderedDict(b=1, a=2),
        "default": collections.defaultdict(list, k=[1]),
        "twice": [shared, shared],
        "scalars": [np.float32(0.5), np.int64(-3), np.bool_(True), np.str_("ab")],
        "small": np.arange(4, dtype=">i2"),
        "large": ramp,
        "fortran": np.asfortranarray(ramp),
        "view": ramp[:, ::2],
        "half": ramp.astype(np.float16),
        "names": np.array(["wave", "sit"]),
        "flags": np.array([True, False]),
        "none": np.zeros((0, 3)),
        "scalar array": np.array(2.5),
        7: "a key that is a number",
    }
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(values, protocol=protocol))
    found = read_pickle(path)
    wanted = {
        key: value.tolist() if isinstance(value, np.ndarray) else value
        for key, value in values.items()
    }
    wanted["scalars"] = [0.5, -3, True, "ab"]
    assert _plain(found, path) == wanted
    assert isinstance(found["large"], Array)
    assert found["large"].load(path).dtype == np.float32


def _reduced(function: Any, *arguments: Any) -> Any:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return function, arguments

    return Trap()


TRAPS: dict[str, Callable[[], bytes]] = {
    "system": lambda: pickle.dumps(_reduced(os.system, "touch trapped")),
    "eval": lambda: pickle.dumps(_reduced(eval, "open('trapped', 'w')")),
    "exec": lambda: pickle.dumps(_reduced(exec, "open('trapped', 'w')"), protocol=0),
    "getattr": lambda: pickle.dumps(_reduced(getattr, "a", "upper")),
    "import": lambda: pickle.dumps(_reduced(__import__, "antigravity")),
    "numpy load": lambda: pickle.dumps(_reduced(np.load, "trapped.npy")),
    "runstring": lambda: b"cnumpy.testing._private.utils\nrunstring\n(Vopen('trapped','w')\n}tR.",
    "chain": lambda: pickle.dumps([1, {"a": [_reduced(os.system, "touch trapped")]}]),
    "dtype of a dict": lambda: pickle.dumps(_reduced(np.dtype, {"names": ["a"], "formats": ["O"]})),
    "inside a state": lambda: pickle.dumps({"keypoint": _reduced(os.putenv, "A", "b")}),
    "objects": lambda: pickle.dumps(np.array([[1], "a", None], dtype=object)),
    "objects that act": lambda: pickle.dumps(np.array([_reduced(os.system, "touch trapped")])),
    "records": lambda: pickle.dumps(np.zeros(2, dtype=[("a", "f4"), ("b", "O")])),
    "instance": lambda: b"(S'touch trapped'\nios\nsystem\n.",
    "object": lambda: b"(cos\nsystem\nS'touch trapped'\no.",
    "persistent": lambda: b"Pwhatever\n.",
    "extension": lambda: b"\x82\x01.",
    "new with keywords": lambda: b"\x80\x04cnumpy\nndarray\n)}\x92.",
    "call of data": lambda: b"\x80\x04\x8c\x01a)R.",
    "state of a list": lambda: b"\x80\x04]}b.",
    "state of a name": lambda: b"\x80\x04cnumpy\ndtype\nN}\x8c\x08__call__K\x01s\x86b.",
    "dotted name": lambda: b"\x80\x04\x8c\x05numpy\x8c\x10core.multiarray._\x93.",
    "items into a list": lambda: b"\x80\x04]K\x01K\x02s.",
    "append to a dictionary": lambda: b"\x80\x04}K\x01a.",
    "deep key": lambda: b"\x80\x04})" + b"\x85" * 200_000 + b"K\x01s.",
}


@pytest.mark.slow
@pytest.mark.parametrize("trap", TRAPS)
def test_nothing_is_run(trap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "trap.pkl"
    path.write_bytes(TRAPS[trap]())
    with pytest.raises(SkelfuseError, match=r"trap\.pkl"):
        read_pickle(path)
    assert [file.name for file in tmp_path.iterdir()] == ["trap.pkl"]


def test_the_refused_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "trap.pkl"
    path.write_bytes(pickle.dumps({"annotations": [_reduced(eval, "1")], "split": {}}))
    with pytest.raises(SkelfuseError, match=r"asks for 'builtins\.eval'"):
        read_pickle(path)


BOMBS = {
    "bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 50) + b"abc.",
    "text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"abc.",
    "short bytes": b"\x80\x04C\xffabc.",
    "memo": b"\x80\x04Kar\xff\xff\xff\xff" + b"j\xfe\xff\xff\xff.",
    "long": b"\x80\x04\x8b\xff\xff\xff\x7fab.",
    "negative long": b"\x80\x04\x8b\xff\xff\xff\xffab.",
    "digits": b"I" + b"9" * 10_000 + b"\n.",
    "no end": b"\x80\x04]",
    "empty": b"",
    "mark": b"\x80\x04(.",
    "nothing to take": b"\x80\x04\x86.",
    "stack": b".",
    "old string": b"S'a'+((((\n.",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_and_ruins_are_errors(bomb: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.pkl"
    path.write_bytes(BOMBS[bomb])
    with pytest.raises(SkelfuseError, match=r"bomb\.pkl"):
        read_pickle(path)


def test_an_array_must_have_as_many_bytes_as_its_shape_says(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    whole = pickle.dumps(np.zeros((3, 1, 5), dtype=np.uint8), protocol=2)
    path.write_bytes(whole.replace(b"K\x03K\x01K\x05", b"K\xffK\x01K\x05"))
    with pytest.raises(SkelfuseError, match="expected 1275 bytes, found 15"):
        read_pickle(path)
