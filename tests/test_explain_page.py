"""The page of an explanation, in a real browser: it plays, scrubs, turns, and can be read."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from skelfuse.clip import Clip
from skelfuse.explain.explanation import explain_clip
from skelfuse.explain.page import write_page
from skelfuse.layouts import KINECT_V2
from skelfuse.predict import Recogniser
from skelfuse.run import Run
from skelfuse.training import build_model, config_from_dict

BROWSER = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("browser.py"))))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        BROWSER.found() is None, reason="no chromium is found (set SKELFUSE_CHROMIUM to its path)"
    ),
]

CLASSES = tuple(f"A{i:03} {name}" for i, name in enumerate(("wave", "<b>hug</b>", "sit", "nod")))
SIZES = ((360, 780), (1920, 1080))


def page_of(folder: Path, *, persons: int = 1) -> Path:
    """Return the page of an untrained model: what it shows is as real as any other's."""
    torch.manual_seed(0)
    config = config_from_dict({"sampling": {"frames": 24}, "model": {"size": "nano"}})
    model = build_model(config.model, KINECT_V2, len(CLASSES)).eval()
    run = Run(model, config, KINECT_V2, CLASSES, Path("runs/</script>x"), 1, {}, {}, {})
    draw = np.random.default_rng(0)
    body = np.stack([np.linspace(-1, 1, 25), np.linspace(0, 2, 25) ** 0.7, np.zeros(25)], axis=-1)
    coords = body + np.arange(persons)[:, None, None] + np.zeros((48, 1, 1, 1))
    coords[:, :, 4:9, 1] += np.sin(np.linspace(0, 12, 48))[:, None, None]
    coords += 0.01 * draw.normal(size=coords.shape)
    coords[10:14, :, 7] = np.nan
    clip = Clip(coords, KINECT_V2, name="</script><i>clip</i>", fps=30)
    path = folder / f"page{persons}.html"
    write_page(explain_clip(Recogniser(run), clip, against=None), path)
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    one = BROWSER.Browser(tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pages")
    return [page_of(folder, persons=persons) for persons in (1, 2)]


@pytest.fixture
def page(browser: Any, pages: list[Path]) -> Iterator[Any]:
    browser.show(pages[0], width=1280, height=900)
    yield browser
    assert browser.problems == []


def pixels(page: Any) -> str:
    return str(page.js("document.getElementById('stage').toDataURL()"))


def cursors(page: Any) -> list[float]:
    found: list[float] = page.js(
        "[...document.querySelectorAll('.cursor')].map(c => Number(c.getAttribute('x1')))"
    )
    return found


def clock(page: Any) -> str:
    return str(page.js("document.getElementById('clock').textContent"))


def test_it_loads_alone_and_shows_what_it_should(page: Any, pages: list[Path]) -> None:
    assert set(page.asked) <= {one.as_uri() for one in pages}  # it fetches nothing
    assert page.js("document.querySelector('h1').textContent").startswith("Why A0")
    assert "<i>clip</i>" in page.js("document.getElementById('source').textContent")
    assert page.js("document.querySelectorAll('main i').length") < 100
    assert page.js("document.querySelectorAll('#joints tbody tr').length") == 25
    assert page.js("document.querySelectorAll('#classes tbody tr').length") == len(CLASSES)
    assert page.js("document.querySelectorAll('.curve').length") == 3
    parts = page.js("[...document.querySelectorAll('#sum td')].map(c => c.textContent)")
    *some, total = (float(part.replace("−", "-")) for part in parts)
    assert sum(some) == pytest.approx(total, abs=0.002)
    assert len(set(pixels(page))) > 10


def test_it_opens_where_the_first_joint_decides_most(page: Any) -> None:
    assert clock(page) == page.js("document.querySelector('.curve header button').textContent")
    assert set(cursors(page)) == {1000 * page.js("D.steps[D.curves[0].key[0]] / last")} != {0.0}
    strongest = "Math.max(...D.curves[0].evidence.map(v => Math.abs(v)))"
    assert page.js(f"Math.abs(D.curves[0].evidence[D.curves[0].key[0]]) === {strongest}")


def test_play_moves_the_joints_and_pause_stops_them(page: Any) -> None:
    page.press("Home")
    before = pixels(page)
    page.click("#play")
    page.until("document.getElementById('play').textContent === 'Pause'")
    page.until("Number(document.querySelector('.cursor').getAttribute('x1')) > 100")
    assert pixels(page) != before
    page.click("#play")
    still = clock(page), pixels(page)
    page.until("document.getElementById('play').textContent === 'Play'")
    page.js("new Promise(done => setTimeout(done, 100))")
    assert (clock(page), pixels(page)) == still


def test_scrubbing_moves_the_cursor_of_every_curve(page: Any) -> None:
    before = pixels(page)
    page.click("#scrub")  # in the middle
    assert len(cursors(page)) == 9
    assert all(450 < at < 550 for at in cursors(page))
    assert clock(page) == "0.78 s"
    assert pixels(page) != before
    x, y = page.middle(".curve svg")
    width = page.js("document.querySelector('.curve svg').getBoundingClientRect().width")
    page.drag([(x, y), (x + width / 4, y)])  # along a curve
    assert all(740 < at < 760 for at in cursors(page))
    page.click(".curve header button")  # a key moment
    key = page.js("document.querySelector('.curve header button').textContent")
    assert clock(page) == key


def test_the_keyboard_does_it_all(page: Any) -> None:
    page.press("Home")
    page.press("ArrowRight")
    page.press("ArrowRight")
    second = 2 * 1000 / 23
    assert cursors(page)[0] == pytest.approx(second, abs=1)
    page.press("ArrowLeft")
    assert cursors(page)[0] == pytest.approx(second / 2, abs=1)
    page.press("End")
    assert cursors(page)[0] == pytest.approx(1000)
    page.press("Home")
    assert cursors(page)[0] == 0
    before = pixels(page)
    page.press("d")
    assert pixels(page) != before
    page.press(" ")
    page.until("Number(document.querySelector('.cursor').getAttribute('x1')) > 60")
    page.press(" ")
    assert page.js("document.getElementById('play').textContent") == "Play"
    page.js(
        "document.getElementById('play').focus()"
    )  # space on the button itself: once, not twice
    page.press(" ")
    assert page.js("document.getElementById('play').textContent") == "Pause"
    page.press(" ")
    assert page.js("document.getElementById('play').textContent") == "Play"


def test_dragging_turns_the_body(page: Any) -> None:
    before = pixels(page)
    x, y = page.middle("#stage")
    page.drag([(x, y), (x + 60, y + 10), (x + 120, y + 10)])
    assert pixels(page) != before


def test_joints_can_show_the_whole_clip(page: Any) -> None:
    before = pixels(page)
    page.js(
        "document.getElementById('shown').value = 'clip';"
        "document.getElementById('shown').dispatchEvent(new Event('change'))"
    )
    assert pixels(page) != before
    here = page.js("worthNow(0)")
    page.press("End")
    assert page.js("worthNow(0)") == here


@pytest.mark.parametrize("persons", [1, 2])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_can_be_read_at_any_size(
    browser: Any, pages: list[Path], width: int, height: int, *, dark: bool, persons: int
) -> None:
    browser.show(pages[persons - 1], width=width, height=height, dark=dark)
    assert browser.js("document.documentElement.scrollWidth") == width
    texts = browser.js(TEXTS)
    assert len(texts) > 100
    for text, size, contrast, right in texts:
        assert size >= 12, text
        assert contrast >= 4.5, (text, contrast)  # WCAG AA
        assert right <= width, text
    assert browser.js("document.querySelector('canvas').clientHeight") <= height
    unnamed = browser.js(
        "[...document.querySelectorAll('button, input, select, canvas, svg')].filter(e =>"
        " !(e.ariaLabel || e.textContent.trim() || e.closest('label'))).length"
    )
    assert unnamed == 0
    assert browser.problems == []


# Every text with its size, its contrast to what is behind it, and how far right it goes (in a part
# that scrolls of itself: the part).
TEXTS = """(() => {
  const light = c => { const [r, g, b] = c.map(v => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const pen = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const over = colours => { pen.clearRect(0, 0, 1, 1);
    for (const c of colours) { pen.fillStyle = c; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  const found = [];
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), own = walk.currentNode.parentElement;
    if (!text || own.closest('option, script')) continue;
    const behind = [];
    for (let e = own; e; e = e.parentElement) behind.unshift(getComputedStyle(e).backgroundColor);
    const a = light(over(behind)), b = light(over([...behind, getComputedStyle(own).color]));
    const box = (own.closest('.scroll') || own).getBoundingClientRect();
    found.push([text, parseFloat(getComputedStyle(own).fontSize),
      (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), box.right]);
  }
  return found;
})()"""
