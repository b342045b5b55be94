"""Read a pickle of plain data and NumPy arrays without running anything that it asks for.

A pickle is a program for a small stack machine, and two of its instructions, "fetch this name" and
"call that", can do whatever Python can. This is another machine: it knows the instructions that
build data, a fixed list of names that stand for NumPy's arrays and for dictionaries, and nothing
else. Names are never looked up, nothing is called. Long runs of bytes stay in the file, and an
array says only where its numbers are, so that a file of gigabytes needs little memory.

The instructions are those of Python's `pickletools` documentation, protocols 0 to 5.
"""

from __future__ import annotations

import ast
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from skelfuse.datasets.reading.pickled_numpy import DAMAGED, NAMES, Name, Span, build, call
from skelfuse.errors import SkelfuseError
from skelfuse.files import as_error

FEW, SPARSE = 1_000_000, 16  # lists that any pickle may have, and bytes for each beyond
LONG = 512  # bytes of one value beyond which they stay in the file
LONGEST_NUMBER = 1024  # bits; longer ones are an attack, not a count
_UNSOUND = (LookupError, ValueError, TypeError, ArithmeticError, SyntaxError, RecursionError)
_PLAIN_KEYS = (str, bytes, int, float, bool, type(None))


def read_pickle(path: Path) -> Any:
    """Return what a pickle holds: plain values, and `pickled_numpy.Array` for arrays.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.pkl")
    ...     _ = file.write_bytes(pickle.dumps({"labels": [1, 2]}))
    ...     print(read_pickle(file))
    ...     _ = file.write_bytes(pickle.dumps(print))
    ...     try: read_pickle(file)
    ...     except SkelfuseError as error: print(error.problem)
    {'labels': [1, 2]}
    the pickle asks for 'builtins.print', which is no data
    """
    try:
        with path.open("rb") as file:
            return _Machine(file, path.stat().st_size).run()
    except SkelfuseError as error:
        raise error.with_context(file=path, remedy=DAMAGED) from None
    except OSError as error:
        raise as_error(error, path) from None
    except _UNSOUND as error:
        raise SkelfuseError(f"not a sound pickle: {error}", file=path, remedy=DAMAGED) from None


def unpickled(content: bytes) -> Any:
    """Return what a short pickle within another file holds, which is plain values alone."""
    return _Machine(io.BytesIO(content), len(content)).run()


class _Machine:
    """The stack, the memo, and one small function an instruction."""

    def __init__(self, file: IO[bytes], end: int) -> None:
        self.file, self.end = file, end
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []  # the stacks below each open mark
        self.memo: dict[int, Any] = {}
        self.room = FEW + end // SPARSE  # for lists, and for what is remembered

    def take_room(self) -> None:
        """Count a list, a dictionary or a thing remembered: one byte of a pickle may make each."""
        self.room -= 1
        if self.room < 0:
            raise SkelfuseError(
                "a pickle of lists that would take much more memory than the file has",
                expected=f"at most {FEW + self.end // SPARSE:,} of them",
                remedy="save the data as arrays",
            )

    def run(self) -> Any:
        read, steps = self.file.read, _STEPS
        while (code := read(1)) != b".":
            step = steps.get(code)
            if step is None:
                raise SkelfuseError(
                    f"the pickle has the instruction {code!r} at byte {self.file.tell() - 1}",
                    expected="instructions that build plain data",
                    remedy="a damaged file, or one that is no data set: do not use it",
                )
            step(self)
        if len(self.stack) != 1 or self.marks:
            raise SkelfuseError("the pickle leaves values over")
        return self.stack[0]

    def take(self, size: int) -> bytes:
        content = self.file.read(size) if size <= self.end else b""
        if len(content) != size:
            raise SkelfuseError("the file ends early", remedy="fetch it again")
        return content

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def line(self) -> bytes:
        text = self.file.readline()
        if not text.endswith(b"\n"):
            raise SkelfuseError("the file ends early", remedy="fetch it again")
        return text[:-1].rstrip(b"\r")

    def run_of(self, size: int, kind: str) -> Any:
        """Return `size` bytes or characters from here, or where they are if there are many."""
        if size <= LONG:
            content = self.take(size)
            return content if kind == "bytes" else content.decode(kind, "surrogatepass")
        start = self.file.tell()
        if size > self.end - start:
            raise SkelfuseError("the file ends early", remedy="fetch it again")
        self.file.seek(size, 1)
        return Span(start, size, kind)

    def since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def fill(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(pairs) % 2:
            raise SkelfuseError("the pickle puts items into what is no dictionary")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, _PLAIN_KEYS):
                raise SkelfuseError("the pickle has a key that is neither text nor number")
            target[key] = value

    def extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise SkelfuseError("the pickle appends to what is no list")
        target.extend(items)

    def name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise SkelfuseError("the pickle asks for something without a name")
        if (module, name) not in NAMES:
            raise SkelfuseError(
                f"the pickle asks for '{module}.{name}'"[:120] + ", which is no data",
                expected="dictionaries, lists, numbers, text and NumPy arrays alone",
                remedy="nothing of it was run; save the data as plain arrays, or do not trust it",
            )
        self.stack.append(Name(f"{module}.{name}", NAMES[module, name]))

    def reduce(self) -> None:
        arguments, what = self.stack.pop(), self.stack.pop()
        self.stack.append(call(what, arguments))

    def pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.since_mark()

    def new(self, empty: Any) -> None:
        self.take_room()
        self.stack.append(empty)

    def mark(self) -> None:
        self.take_room()
        self.marks.append(self.stack)
        self.stack = []

    def keep(self, at: int) -> None:
        self.take_room()
        self.memo[at] = self.stack[-1]

    def wrap(self, count: int) -> None:
        self.take_room()
        items = tuple(self.stack[-count:])
        if len(items) != count:
            raise SkelfuseError("the pickle takes more values than there are")
        self.stack[-count:] = [items]

    def dictionary(self) -> None:
        pairs = self.since_mark()
        self.stack.append({})
        self.fill(pairs)


def _whole(number: int) -> int:
    if number.bit_length() > LONGEST_NUMBER:
        raise SkelfuseError(
            "a whole number that is too long",
            expected=f"at most {LONGEST_NUMBER} bits",
            found=number.bit_length(),
            remedy="the file is damaged: fetch or write it again",
        )
    return number


def _text_number(line: bytes) -> int | bool:
    """Return a number that an old pickle writes as text, where 00 and 01 are False and True."""
    return line == b"01" if line in (b"00", b"01") else int(line)


def _old_string(line: bytes) -> str:
    """Return a string that an old pickle writes in quotes."""
    text = ast.literal_eval("b" + line.decode("ascii")) if line[:1] in (b"'", b'"') else None
    if not isinstance(text, bytes):
        raise ValueError("a string without quotes")
    return text.decode("latin-1")


Step = Callable[[_Machine], Any]


def _push(make: Callable[[_Machine], Any]) -> Step:
    def step(machine: _Machine) -> None:
        value = make(machine)  # which may exchange the stack
        machine.stack.append(value)

    return step


def _long(size_form: str) -> Step:
    def number(m: _Machine) -> int:
        return _whole(int.from_bytes(m.take(m.number(size_form)), "little", signed=True))

    return _push(number)


def _run(size_form: str, kind: str) -> Step:
    return _push(lambda m: m.run_of(m.number(size_form), kind))


_STEPS: dict[bytes, Step] = {
    b"\x80": lambda m: m.take(1),  # the protocol; the instructions of all of them are known
    b"\x95": lambda m: m.take(8),  # a frame's length
    b"N": _push(lambda m: None),
    b"\x88": _push(lambda m: True),
    b"\x89": _push(lambda m: False),
    b"I": _push(lambda m: _whole(_text_number(m.line()))),
    b"L": _push(lambda m: _whole(int(m.line().rstrip(b"L")))),
    b"J": _push(lambda m: m.number("<i")),
    b"K": _push(lambda m: m.take(1)[0]),
    b"M": _push(lambda m: m.number("<H")),
    b"\x8a": _long("<B"),
    b"\x8b": _long("<I"),
    b"F": _push(lambda m: float(m.line())),
    b"G": _push(lambda m: struct.unpack(">d", m.take(8))[0]),
    b"S": _push(lambda m: _old_string(m.line())),
    b"U": _run("<B", "latin-1"),
    b"T": _run("<I", "latin-1"),
    b"V": _push(lambda m: m.line().decode("raw-unicode-escape")),
    b"\x8c": _run("<B", "utf-8"),
    b"X": _run("<I", "utf-8"),
    b"\x8d": _run("<Q", "utf-8"),
    b"C": _run("<B", "bytes"),
    b"B": _run("<I", "bytes"),
    b"\x8e": _run("<Q", "bytes"),
    b"\x96": _run("<Q", "bytes"),
    b"]": lambda m: m.new([]),
    b"}": lambda m: m.new({}),
    b")": _push(lambda m: ()),
    b"(": _Machine.mark,
    b"l": _push(_Machine.since_mark),
    b"t": _push(lambda m: tuple(m.since_mark())),
    b"d": _Machine.dictionary,
    b"\x85": lambda m: m.wrap(1),
    b"\x86": lambda m: m.wrap(2),
    b"\x87": lambda m: m.wrap(3),
    b"a": lambda m: m.extend([m.stack.pop()]),
    b"e": lambda m: m.extend(m.since_mark()),
    b"s": lambda m: m.fill([m.stack.pop(), m.stack.pop()][::-1]),
    b"u": lambda m: m.fill(m.since_mark()),
    b"0": _Machine.pop,
    b"1": _Machine.since_mark,
    b"2": _push(lambda m: m.stack[-1]),
    b"p": lambda m: m.keep(int(m.line())),
    b"q": lambda m: m.keep(m.take(1)[0]),
    b"r": lambda m: m.keep(m.number("<I")),
    b"\x94": lambda m: m.keep(len(m.memo)),
    b"g": _push(lambda m: m.memo[int(m.line())]),
    b"h": _push(lambda m: m.memo[m.take(1)[0]]),
    b"j": _push(lambda m: m.memo[m.number("<I")]),
    b"c": lambda m: m.name(m.line().decode("utf-8"), m.line().decode("utf-8")),
    b"\x93": lambda m: m.name(*[m.stack.pop(), m.stack.pop()][::-1]),
    b"R": _Machine.reduce,
    b"\x81": _Machine.reduce,
    b"b": lambda m: build(state=m.stack.pop(), target=m.stack[-1]),
}
