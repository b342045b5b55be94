"""NTU RGB+D file names, `SsssCcccPpppRrrrAaaa`, and the names of its 120 classes.

The class names are those that the authors publish with the data set
(https://github.com/shahroudy/NTURGB-D, README). Only the pattern of a file name is checked, not
the ranges of NTU's own recordings: somebody who records setup 40 may name it so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType

from skelfuse.datasets.reading.files import read_text
from skelfuse.errors import SkelfuseError

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})", re.ASCII)
_CLASS_LINE = re.compile(r"A(\d{1,3})[.:]?\s+(\S.*)", re.ASCII)


@dataclass(frozen=True)
class NtuName:
    """What an NTU file name says; all numbers count from 1."""

    setup: int
    camera: int
    subject: int
    replication: int
    action: int

    def __str__(self) -> str:
        return (
            f"S{self.setup:03d}C{self.camera:03d}P{self.subject:03d}"
            f"R{self.replication:03d}A{self.action:03d}"
        )


def is_ntu_name(name: str) -> bool:
    """Tell whether a name without its suffix follows NTU's pattern.

    >>> is_ntu_name("S001C002P003R002A013"), is_ntu_name("walk_01")
    (True, False)
    """
    found = _NAME.fullmatch(name)
    return found is not None and all(int(number) > 0 for number in found.groups())


def parse_ntu_name(name: str, *, file: str | PathLike[str] | None = None) -> NtuName:
    """Read the numbers in a file name without its suffix.

    >>> parse_ntu_name("S001C002P003R002A013")
    NtuName(setup=1, camera=2, subject=3, replication=2, action=13)
    """
    found = _NAME.fullmatch(name)
    numbers = [int(number) for number in found.groups()] if found else []
    if not numbers or 0 in numbers:
        raise SkelfuseError(
            "not a name of NTU RGB+D",
            file=file,
            expected="SsssCcccPpppRrrrAaaa with numbers from 001, such as S001C002P003R002A013",
            found=f"'{name}'",
            remedy="rename the file, or leave it out",
        )
    return NtuName(*numbers)


def class_label(action: int, class_names: Mapping[int, str]) -> str:
    """Return the label of a class: its number, so that labels sort, and its name if there is one.

    >>> class_label(1, NTU_CLASSES), class_label(121, NTU_CLASSES)
    ('A001 drink water', 'A121')
    """
    name = class_names.get(action)
    return f"A{action:03d} {name}" if name else f"A{action:03d}"


def read_class_names(path: str | Path) -> Mapping[int, str]:
    r"""Read class names from a text file with one line `A001 drink water` per class.

    Empty lines and lines that begin with `#` do not count.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "class_names.txt")
    ...     _ = file.write_text("A001 wave with the left hand\nA002 bow\n", encoding="utf-8")
    ...     dict(read_class_names(file))
    {1: 'wave with the left hand', 2: 'bow'}
    """
    path = Path(path)
    names: dict[int, str] = {}
    for number, text in enumerate(read_text(path, "the class names").splitlines(), start=1):
        line = text.strip()
        if not line or line.startswith("#"):
            continue
        found = _CLASS_LINE.fullmatch(line)
        if not found:
            raise SkelfuseError(
                "not a class name",
                file=path,
                line=number,
                expected="'A001 drink water'",
                found=f"'{line[:60]}'",
                remedy="correct or remove the line",
            )
        action = int(found[1])
        if action in names:
            raise SkelfuseError(
                f"class A{action:03d} is named twice",
                file=path,
                line=number,
                remedy="remove one of the two lines",
            )
        names[action] = found[2]
    if not names:
        raise SkelfuseError(
            "no class name in it",
            file=path,
            expected="'A001 drink water'",
            remedy="write a line for each class",
        )
    return MappingProxyType(names)


_PUBLISHED = """
drink water; eat meal/snack; brushing teeth; brushing hair; drop; pickup; throw; sitting down;
standing up (from sitting position); clapping; reading; writing; tear up paper; wear jacket; take
off jacket; wear a shoe; take off a shoe; wear on glasses; take off glasses; put on a hat/cap; take
off a hat/cap; cheer up; hand waving; kicking something; reach into pocket; hopping (one foot
jumping); jump up; make a phone call/answer phone; playing with phone/tablet; typing on a keyboard;
pointing to something with finger; taking a selfie; check time (from watch); rub two hands
together; nod head/bow; shake head; wipe face; salute; put the palms together; cross hands in front
(say stop); sneeze/cough; staggering; falling; touch head (headache); touch chest
(stomachache/heart pain); touch back (backache); touch neck (neckache); nausea or vomiting
condition; use a fan (with hand or paper)/feeling warm; punching/slapping other person; kicking
other person; pushing other person; pat on back of other person; point finger at the other person;
hugging other person; giving something to other person; touch other person's pocket; handshaking;
walking towards each other; walking apart from each other; put on headphone; take off headphone;
shoot at the basket; bounce ball; tennis bat swing; juggling table tennis balls; hush (quite);
flick hair; thumb up; thumb down; make ok sign; make victory sign; staple book; counting money;
cutting nails; cutting paper (using scissors); snapping fingers; open bottle; sniff (smell); squat
down; toss a coin; fold paper; ball up paper; play magic cube; apply cream on face; apply cream on
hand back; put on bag; take off bag; put something into a bag; take something out of a bag; open a
box; move heavy objects; shake fist; throw up cap/hat; hands up (both hands); cross arms; arm
circles; arm swings; running on the spot; butt kicks (kick backward); cross toe touch; side kick;
yawn; stretch oneself; blow nose; hit other person with something; wield knife towards other
person; knock over other person (hit with body); grab other person's stuff; shoot at other person
with a gun; step on foot; high-five; cheers and drink; carry something with other person; take a
photo of other person; follow other person; whisper in other person's ear; exchange things with
other person; support somebody with hand; finger-guessing game (playing rock-paper-scissors)
"""

NTU_CLASSES: Mapping[int, str] = MappingProxyType(
    dict(enumerate(" ".join(_PUBLISHED.split()).split("; "), start=1))
)
