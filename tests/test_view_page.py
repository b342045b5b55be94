"""The page of `skelfuse view`, in a real browser: it plays, steps, turns, and can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.browser import TEXTS, Browser
from helpers.browser import found as chromium
from skelfuse.clip import Clip
from skelfuse.intervals import Interval
from skelfuse.layouts import KINECT_V2
from skelfuse.viewing.page import write_view
from skelfuse.viewing.shown import Shown

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        chromium() is None, reason="no chromium is found (set SKELFUSE_CHROMIUM to its path)"
    ),
]
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


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    one = Browser(tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


def text(page: Any, css: str) -> str:
    return str(page.js(f"document.querySelector({css!r}).textContent"))


def pixels(page: Any) -> str:
    return str(page.js("document.getElementById('stage').toDataURL()"))


def test_a_grid_chooses_what_is_on_the_stage(browser: Any, pages: list[Path]) -> None:
    browser.show(pages[0], width=1280, height=720)
    assert set(browser.asked) <= {one.as_uri() for one in pages}  # it fetches nothing
    assert text(browser, "#h-clip") == "wave · a"
    assert browser.js("document.querySelectorAll('#grid button').length") == 3
    assert browser.js("document.querySelectorAll('#joints tr').length") == 25
    before = pixels(browser)
    browser.click("#grid button:nth-child(2)")
    assert text(browser, "#h-clip").endswith("· b")
    assert "people2" in text(browser, "#facts")
    assert pixels(browser) != before
    assert browser.js("document.querySelector('[aria-pressed=true] span').textContent").startswith(
        "b"
    )
    assert browser.problems == []


def test_it_plays_steps_and_turns(browser: Any, pages: list[Path]) -> None:
    browser.show(pages[0], width=1280, height=720)
    browser.press("Home")
    assert text(browser, "#clock") == "0.00 s, frame 0"
    still = pixels(browser)
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    browser.press("ArrowLeft")
    assert text(browser, "#clock") == "0.03 s, frame 1"
    browser.press("d")
    assert pixels(browser) != still
    browser.press(" ")
    browser.until("now > 6")
    browser.press(" ")
    assert text(browser, "#play") == "Play"
    browser.press("End")
    assert text(browser, "#clock") == "1.97 s, frame 59"
    turned = pixels(browser)
    x, y = browser.middle("#stage")
    browser.drag([(x, y), (x + 60, y + 10), (x + 120, y + 10)])
    assert pixels(browser) != turned
    browser.js("document.getElementById('names').value = 'none'; drawStage()")
    assert browser.problems == []


def test_what_is_missing_is_named(browser: Any, pages: list[Path]) -> None:
    browser.show(pages[0], width=1280, height=720)
    browser.js("go(0)")
    assert text(browser, "#missing") == "all joints are seen now"
    browser.js("go(12)")
    assert text(browser, "#missing") == "missing now: left hand"
    assert text(browser, "#joints tr:nth-child(8)") == "left hand13 % missing"
    browser.js("go(42)")
    assert "and 17 more" in text(browser, "#missing")


def test_intervals_are_beside_the_recording(browser: Any, pages: list[Path]) -> None:
    browser.show(pages[1], width=1280, height=720)
    assert browser.js("document.querySelectorAll('#track button').length") == 2
    assert browser.js("document.getElementById('grid-part').hidden")
    browser.click("#track button:nth-child(2)")
    assert text(browser, "#clock").endswith("frame 15")
    assert browser.js("document.querySelectorAll('#track [aria-current]').length") == 2
    browser.js("go(22)")
    assert text(browser, "#track [aria-current]") == "<b>rest</b>"
    assert text(browser, "#missing") == "happening now: <b>rest</b> · all joints are seen now"
    assert browser.problems == []


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_can_be_read_at_any_size(
    browser: Any, pages: list[Path], width: int, height: int, *, dark: bool, number: int
) -> None:
    browser.show(pages[number], width=width, height=height, dark=dark)
    assert browser.js("document.documentElement.scrollWidth") == width
    texts = browser.js(TEXTS)
    assert len(texts) > 40
    for told, size, contrast, right in texts:
        assert size >= 12, told
        assert contrast >= 4.5, (told, contrast)  # WCAG AA
        assert right <= width, told
    unnamed = browser.js(
        "[...document.querySelectorAll('button, input, select, canvas:not([aria-hidden])')].filter("
        "e => !(e.ariaLabel || e.textContent.trim() || e.closest('label'))).length"
    )
    assert unnamed == 0
    assert browser.problems == []
