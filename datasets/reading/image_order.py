"""Which picture comes when, by the names that pose estimators give to the frames of a video."""

from __future__ import annotations

import re
from collections.abc import Sequence

from skelfuse.errors import SkelfuseError

Image = int | str
_ENDING = re.compile(r"\.[a-z][a-z0-9]{1,3}$", re.ASCII | re.IGNORECASE)  # .jp2 numbers no frame
_NUMBER = re.compile(r"(\d{1,15})(?!.*\d)", re.ASCII | re.DOTALL)
_TIME = re.compile(  # 2018-07-04T12_04_17.738369, or 12-04-17.738 alone
    r"(?:.*?(\d{4})[-_](\d\d)[-_](\d\d)[T _-])?(\d\d)[_:.h-](\d\d)[_:.m-](\d\d)[._,](\d{1,9})",
    re.ASCII,
)
EACH = "make a file for each clip, and number its images in the order of their frames"


def frame_numbers(images: Sequence[Image]) -> tuple[list[int], tuple[str, ...]]:
    """Return the frame number of each picture, given in the order of the file, and a note.

    The last number of a name counts frames, where only it differs. Times of day are put in order.
    What a number cannot mean is refused: one that falls where the rest of the name goes on, names
    of several kinds, two pictures of one number.

    >>> frame_numbers(["a_0002.jpg", "a_0010.jpg", "a_0001.jpg"])[0]
    [2, 10, 1]
    >>> frame_numbers(["12_04_17.9381.png", "12_04_18.0102.png"])
    ([0, 1], ('frames are in the order of the times in their names',))
    >>> frame_numbers(["1.jpg", "IMG-0035.jpg"])
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: images whose names differ in more than their number: expected \
names that differ in their number alone, found '1.jpg' and 'IMG-0035.jpg'; make a file for each \
clip, and number its images in the order of their frames
    """
    stems = [_ENDING.sub("", image) if isinstance(image, str) else image for image in images]
    times = [time for stem in stems if (time := _TIME.fullmatch(str(stem)))]
    if times and len(times) == len(stems):
        return _by_time(times)
    numbers = [_last_number(stem, image) for stem, image in zip(stems, images, strict=True)]
    first: dict[int, Image] = {}
    for number, image in zip(numbers, images, strict=True):
        if first.setdefault(number, image) != image:
            raise SkelfuseError(
                f"two images of one frame number, {number}",
                expected="a number of its own, the last in 'image_id', for each frame of one clip",
                found=f"{first[number]!r} and {image!r}",
                remedy=EACH,
            )
    before = [_NUMBER.sub("#", stem) if isinstance(stem, str) else "#" for stem in stems]
    kinds = [re.sub(r"\d+", "#", text) for text in before]
    for i in range(1, len(images)):
        if kinds[i] != kinds[0]:
            raise SkelfuseError(
                "images whose names differ in more than their number",
                expected="names that differ in their number alone",
                found=f"{images[0]!r} and {images[i]!r}",
                remedy=EACH,
            )
        if numbers[i] < numbers[i - 1] and before[i] != before[i - 1]:
            raise SkelfuseError(
                "the last number in the images' names falls while the rest goes on",
                expected="frames counted by the last number of their names",
                found=f"{images[i - 1]!r} and then {images[i]!r}",
                remedy=EACH,
            )
    return numbers, ()


def _last_number(stem: Image, image: Image) -> int:
    if isinstance(stem, int):
        return stem
    found = _NUMBER.search(stem)
    if found is None:
        raise SkelfuseError(
            "no number in 'image_id'",
            expected="12 or '000012.jpg'",
            found=image,
            remedy="number the images in the order of their frames",
        )
    return int(found[1])


def _by_time(names: list[re.Match[str]]) -> tuple[list[int], tuple[str, ...]]:
    """Return each name's rank among the times: digits after the seconds are a fraction."""
    times = []
    for name in names:
        *whole, fraction = name.groups()
        times.append((*(int(part or 0) for part in whole), float(f"0.{fraction}")))
    ranks = {time: rank for rank, time in enumerate(sorted(set(times)))}
    return [ranks[time] for time in times], ("frames are in the order of the times in their names",)
