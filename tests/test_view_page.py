"""The page of `skelfuse view`, in a real browser: it plays, steps, turns, and can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelfuse.clip import Clip
from skelfuse.intervals import Interval
from skelfuse.layouts import KINECT_V2
from skelfuse.viewing.page import write_view
from skelfuse.viewing.shown import Shown

pytestmark = pytest.mark.browser
SIZES = ((390, 844), (1280, 720))


def clip(name: str, label: str | None, persons: int, **more: Any) -> Clip:
    draw = np.random.default_rng(persons)
    body = np.stack([np.linspace(-0.4, 0.4, 25), np.linspace(0, 1.7, 25), np.zeros(25)], axis=-1)
    coords = body + np.arange(persons)[:, None, None] + np.zeros((60, 1, 1, 1))
    coords[:, :, 4:9, 1] += np.sin(np.linspace(0, 12, 60))[:, None, None]
    coords += 0.01 * draw.normal(size=coords.shape)
    coords[10:14, :, 7] = np.nan
    coords[40:44] = np.nan
    return Clip(coords, KINECT_V2, name=name, label=label, fps=30, **more)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pages")
    happening = (Interval(5, 20, "reach"), Interval(15, 30, "<b>rest</b>", 0))
    whole = clip("</script><i>long</i>", None, 1, intervals=happening)
    several = (clip("a", "wave", 1), clip("b", "hug " * 12, 2), clip("c", "sit", 1))
    paths = [folder / "grid.html", folder / "whole.html"]
    write_view(Shown("s.h5", several, several), paths[0])
    write_view(Shown("w.h5", (whole,), (whole,)), paths[1])
    return paths


def test_a_grid_chooses_what_is_on_the_stage(browser: Any, pages: list[Path]) -> None:
    browser.show(pages[0], width=1280, height=720)
    assert set(browser.asked) <= {one.as_uri() for one in pages}  # it fetches nothing
    assert browser.text("#h-clip") == "wave · a"
    assert browser.js("document.querySelectorAll('#grid button').length") == 3
    assert browser.js("document.querySelectorAll('#joints tr').length") == 25
    before = browser.pixels()
    browser.click("#grid button:nth-child(2)")
    assert browser.text("#h-clip").endswith("· b")
    assert "people2" in browser.text("#facts")
    assert browser.pixels() != before
    assert browser.js("document.querySelector('[aria-pressed=true] span').textContent").startswith(
        "b"
    )
    assert browser.problems == []


def test_it_plays_steps_and_turns(browser: Any, pages: list[Path]) -> None:
    browser.show(pages[0], width=1280, height=720)
    browser.press("Home")
    assert browser.text("#clock") == "0.00 s, frame 0"
    still = browser.pixels()
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    browser.press("ArrowLeft")
    assert browser.text("#clock") == "0.03 s, frame 1"
    browser.press("d")
    assert browser.pixels() != still
    browser.press(" ")
    browser.until("now > 6")
    browser.press(" ")
    assert browser.text("#play") == "Play"
    browser.press("End")
    assert browser.text("#clock") == "1.97 s, frame 59"
    turned = browser.pixels()
    x, y = browser.middle("#stage")
    browser.drag([(x, y), (x + 60, y + 10), (x + 120, y + 10)])
    assert browser.pixels() != turned
    browser.js("document.getElementById('names').value = 'none'; drawStage()")
    assert browser.problems == []


def test_what_is_missing_is_named(browser: Any, pages: list[Path]) -> None:
    browser.show(pages[0], width=1280, height=720)
    browser.js("go(0)")
    assert browser.text("#missing") == "all joints are seen now"
    browser.js("go(12)")
    assert browser.text("#missing") == "missing now: left hand"
    assert browser.text("#joints tr:nth-child(8)") == "left hand13 % missing"
    browser.js("go(42)")
    assert "and 17 more" in browser.text("#missing")


def test_intervals_are_beside_the_recording(browser: Any, pages: list[Path]) -> None:
    browser.show(pages[1], width=1280, height=720)
    assert browser.js("document.querySelectorAll('#track button').length") == 2
    assert browser.js("document.getElementById('grid-part').hidden")
    browser.click("#track button:nth-child(2)")
    assert browser.text("#clock").endswith("frame 15")
    assert browser.js("document.querySelectorAll('#track [aria-current]').length") == 2
    browser.js("go(22)")
    assert browser.text("#track [aria-current]") == "<b>rest</b>"
    assert browser.text("#missing") == "happening now: <b>rest</b> · all joints are seen now"
    assert browser.problems == []


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_can_be_read_at_any_size(
    browser: Any, pages: list[Path], width: int, height: int, *, dark: bool, number: int
) -> None:
    browser.show(pages[number], width=width, height=height, dark=dark)
    browser.is_readable(width)
