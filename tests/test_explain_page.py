"""The page of an explanation, in a real browser: it plays, changes rivals, prints, can be read."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from skelfuse.clip import Clip
from skelfuse.explain.exact_sum import exact_sum_of
from skelfuse.explain.page import write_page
from skelfuse.explain.players import Kind
from skelfuse.explain.typical import Typical
from skelfuse.layouts import KINECT_V2
from skelfuse.predict import Recogniser
from skelfuse.run import Run
from skelfuse.training import build_model, config_from_dict

pytestmark = pytest.mark.browser

CLASSES = tuple(f"A{i:03} {name}" for i, name in enumerate(("wave", "<b>hug</b>", "sit", "nod")))
SIZES = ((360, 780), (768, 1024), (1280, 720), (1920, 1080))
NAME = "</script><i>clip</i>"


def moving(persons: int, *, seed: int = 0) -> Clip:
    """Return people whose left arms swing; a hand is hidden for a while, once everybody is."""
    draw = np.random.default_rng(seed)
    body = np.stack([np.linspace(-1, 1, 25), np.linspace(0, 2, 25) ** 0.7, np.zeros(25)], axis=-1)
    coords = body + np.arange(persons)[:, None, None] + np.zeros((48, 1, 1, 1))
    coords[:, :, 4:9, 1] += np.sin(np.linspace(0, 12, 48))[:, None, None]
    coords += 0.01 * draw.normal(size=coords.shape)
    coords[10:14, :, 7] = np.nan
    coords[30:36] = np.nan
    return Clip(coords, KINECT_V2, name=NAME, label=CLASSES[1], fps=30)


def page_of(
    folder: Path, *, persons: int = 1, players: Kind = "limbs", model: str = "skelfuse"
) -> Path:
    """Return the page of an untrained model: what it shows is as real as any other's."""
    torch.manual_seed(0)
    size = {"size": "nano"} if model == "skelfuse" else {"channels": [4], "blocks": [1]}
    config = config_from_dict({"sampling": {"frames": 24}, "model": {"name": model, **size}})
    net = build_model(config.model, KINECT_V2, len(CLASSES)).eval()
    for name, weight in net.named_parameters():
        if "classifier" in name:
            weight.data *= 30  # it is sure of itself, at least
    run = Run(net, config, KINECT_V2, CLASSES, Path("runs/</script>x"), 1)
    recogniser = Recogniser(run)
    clip = moving(persons)
    views = recogniser.explain_with_rivals(clip, players=players, rounds=2)
    sums = [
        exact_sum_of(recogniser, clip, class_name=one.target, against=one.against)
        for one in (views if model == "skelfuse" else ())
    ]
    x, mask, time = views[0].x, views[0].mask, views[0].time
    beside = [Typical(f"t{i}", x + 0.1 * i, mask, time) for i in range(2)]
    typical = dict.fromkeys(CLASSES, beside) if persons == 1 else None
    path = folder / f"page-{persons}-{players}-{model}.html"
    write_page(views, path, sums=sums, typical=typical, run=run)
    return path


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    return {
        "joints": page_of(folder, players="joints"),
        "two": page_of(folder, persons=2),
        "moments": page_of(folder, players="moments"),
        "stgcn": page_of(folder, model="stgcn"),
    }


@pytest.fixture
def page(browser: Any, pages: dict[str, Path]) -> Iterator[Any]:
    browser.show(pages["joints"], width=1280, height=720)
    yield browser
    assert browser.problems == []


def change(page: Any, name: str, value: object) -> None:
    page.js(
        f"document.getElementById('{name}').value = '{value}';"
        f"document.getElementById('{name}').dispatchEvent(new Event('change'))"
    )


def test_it_loads_alone_and_the_verdict_is_there_without_scrolling(
    page: Any, pages: dict[str, Path]
) -> None:
    assert set(page.asked) <= {one.as_uri() for one in pages.values()}  # it fetches nothing
    heading = page.js("D.views[0].heading")
    assert page.text("h1") == heading
    assert re.search(r"\d %|under 1 %|over 99 %", heading)
    assert "<b>hug</b>" in page.text("#agreement")  # what the file says, as it is written
    assert page.text("#h-clip") == NAME
    for css in ("h1", "#agreement", "#words", "#stage", "#bars"):
        top, bottom = page.js(
            f"(b => [b.top, b.bottom])(document.querySelector('{css}').getBoundingClientRect())"
        )
        assert top >= 0, css
        assert css in ("#stage", "#bars") or bottom <= 720, css
    assert page.js("document.querySelector('#stage').getBoundingClientRect().bottom") <= 720
    assert len(set(page.pixels())) > 10


def test_the_body_is_large_and_no_label_covers_a_joint(page: Any) -> None:
    page.js("picked = [0, 3, 5, 7, 9, 11, 19, 24]")
    for share in (0, 0.1, 0.3, 0.5, 0.9, 1):
        discs, boxes, (w, h) = page.js(
            f"(discs => [discs, boxes, [$('stage').clientWidth, $('stage').clientHeight]])"
            f"(drawClip({share}))"
        )
        assert len(discs) in (24, 25)
        for x, y, wide, high in boxes:
            assert 0 <= x <= x + wide <= w
            assert 0 <= y <= y + high <= h
            for jx, jy, radius in discs:
                near = (jx - min(max(jx, x), x + wide), jy - min(max(jy, y), y + high))
                assert np.hypot(*near) >= radius
        assert len(boxes) >= 6
    whole = page.js(
        "clip.all.map(clip.projector($('stage').clientWidth, $('stage').clientHeight, 24))"
    )
    extent = np.ptp(np.array(whole)[:, :2], axis=0) / (w, h)
    assert extent.max() > 0.8  # it fills its frame one way or the other


def test_it_opens_at_the_moment_with_the_largest_share(page: Any) -> None:
    best = int(np.argmax(page.js("view.moments.map(one => one.share)")))
    assert page.js("momentNow()") == best
    assert f"moment {best + 1} of" in page.text("#now")


def test_a_moment_is_gone_to_by_a_click_and_curves_follow(page: Any) -> None:
    page.js("picked = [5, 6]; curves()")
    page.click("#moments button:nth-child(2)")
    begins, ends = page.js("[view.moments[1].begins, view.moments[1].ends]")
    assert begins < page.js("now") < ends
    assert page.js("document.querySelector('#moments [aria-current]').dataset.moment") == "1"
    where = page.js("cursors.map(c => Number(c.getAttribute('x1')))")
    assert len(where) == 2
    assert set(where) == {where[0]}
    x, y = page.middle("#curves svg")
    page.drag([(x, y), (x + 40, y)])
    assert page.js("shareOf(now)") > 0.5


def test_all_curves_have_one_scale(page: Any) -> None:
    page.js("picked = [0, 5, 9]; curves()")
    names = page.js("[...document.querySelectorAll('#curves .name')].map(n => n.textContent)")
    scales = {name.partition(": ")[2] for name in names}
    assert len(names) == 3
    assert len(scales) == 1
    assert re.fullmatch(r"0 to [\d.e+]+( m)?/s", scales.pop())
    speed = page.js("clip.speed(0, 5)")
    assert speed[0] is not None
    raw = page.js("clip.length")
    assert raw > 0


def test_what_was_not_seen_is_drawn_as_unseen(page: Any) -> None:
    assert "Nobody was seen from" in page.js("$('seen').getAttribute('aria-label')")
    assert page.js("document.querySelectorAll('#seen i').length") == 1
    page.js("go(clip.time.find((t, i) => !clip.places[i][0][0]))")
    assert page.text("#now").endswith("nobody was seen")
    page.js("picked = [7]; curves()")
    assert page.js("document.querySelectorAll('#curves .unseen').length") > 5
    page.js("go(clip.time.find((t, i) => !clip.places[i][0][7]))")
    assert "not seen: " in page.text("#now")


def test_a_rival_is_chosen_in_the_page(page: Any) -> None:
    options = page.js("[...$('rival').options].map(one => one.textContent)")
    assert len(options) == 4  # by itself, and against the three others
    before = page.text("h1"), page.text("#moments"), page.text("#sum")
    seen = page.pixels()
    change(page, "rival", 2)
    assert page.text("h1") == page.js("D.views[2].heading")
    assert " rather than " in page.text("h1")
    after = page.text("h1"), page.text("#moments"), page.text("#sum")
    assert all(a != b for a, b in zip(after, before, strict=True))
    assert page.pixels() != seen
    rival = page.js("D.views[2].against")
    assert page.text("#typical .card:last-child h2 span") == f"A typical {rival}"


def test_typical_clips_move_in_step_and_another_can_be_had(page: Any) -> None:
    assert page.js("document.querySelectorAll('#typical canvas').length") == 2
    first = page.pixels("#typical canvas")
    page.press("ArrowRight")
    second = page.pixels("#typical canvas")
    assert second != first
    page.click("#typical button")
    assert page.js("shownOf[D.target]") == 1


def test_bars_tell_without_and_still_for_all_joints(page: Any) -> None:
    few = page.js("document.querySelectorAll('#bars tbody tr').length")
    assert few in range(1, 6)
    page.click("#more")
    assert page.js("document.querySelectorAll('#bars tbody tr').length") == 25
    cells = page.js(
        "[...document.querySelectorAll('#bars tbody tr:first-child td')].map(c => c.textContent)"
    )
    assert re.match(r"[+−]?\d\.\d\d", cells[0])
    assert all(re.fullmatch(r"\d+ %|under 1 %|over 99 %", cell) for cell in cells[1:])
    assert page.js("view.shares.reduce((a, b) => a + b)") == pytest.approx(
        page.js("view.total"), abs=0.002
    )
    page.click("#bars tbody tr:last-child button")
    assert page.js("document.querySelectorAll('#bars .picked').length") >= 1


def test_the_exact_sums_are_in_a_second_tab_with_a_glossary(page: Any) -> None:
    assert page.js("$('sums').hidden")
    page.click("#tab-sums")
    assert page.js("$('decided').hidden")
    parts = page.js("[...document.querySelectorAll('#sum td')].map(c => c.textContent)")
    *some, total = (float(part.replace("−", "-")) for part in parts)
    assert sum(some) == pytest.approx(total, abs=0.002)
    assert page.js("document.querySelectorAll('#joints tbody tr').length") == 25
    before = page.text("#statistics")
    change(page, "of", 5)
    assert page.text("#statistics") != before
    terms = page.js(
        "[...document.querySelectorAll('#sums .term')].map(t => [t.tabIndex, t.title.length])"
    )
    assert len(terms) > 12
    assert all(index == 0 and length > 20 for index, length in terms)
    page.js("$('tab-sums').focus()")
    page.press("ArrowLeft")  # tabs are changed by arrows; the clip does not step
    assert page.js("$('sums').hidden")
    assert page.js("document.activeElement.id") == "tab-decided"


def test_play_moves_the_joints_and_pause_stops_them(page: Any) -> None:
    page.press("Home")
    before = page.pixels()
    page.click("#play")
    page.until("document.getElementById('play').textContent === 'Pause'")
    assert page.js("$('now').getAttribute('aria-live')") == "off"
    page.until("now > 0.2")
    assert page.pixels() != before
    page.click("#play")
    still = page.text("#clock"), page.pixels()
    page.js("new Promise(done => setTimeout(done, 100))")
    assert (page.text("#clock"), page.pixels()) == still
    assert page.js("$('now').getAttribute('aria-live')") == "polite"


def test_the_keyboard_does_it_all(page: Any) -> None:
    page.press("Home")
    page.press("ArrowRight")
    page.press("ArrowRight")
    assert page.js("shareOf(now)") == pytest.approx(2 / 23, abs=1e-3)
    page.press("ArrowLeft")
    assert page.js("shareOf(now)") == pytest.approx(1 / 23, abs=1e-3)
    page.press("End")
    assert page.js("shareOf(now)") == pytest.approx(1)
    page.press("Home")
    assert page.js("now") == page.js("first")
    before = page.pixels()
    page.press("d")
    assert page.pixels() != before
    page.press(" ")
    page.until("now > 0.1")
    page.press(" ")
    assert page.text("#play") == "Play"
    page.js("$('play').focus()")  # space on the button itself: once, not twice
    page.press(" ")
    assert page.text("#play") == "Pause"
    page.press(" ")
    assert page.text("#play") == "Play"


def test_dragging_turns_the_body(page: Any) -> None:
    before = page.pixels()
    x, y = page.middle("#stage")
    page.drag([(x, y), (x + 60, y + 10), (x + 120, y + 10)])
    assert page.pixels() != before


def test_it_prints_on_one_page(page: Any) -> None:
    page.click("#more")  # all joints are listed: on paper the named ones are
    made = page.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
    content = base64.b64decode(made["data"])
    assert re.findall(rb"/Count (\d+)", content) == [b"1"]
    width, height = map(float, re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)[0])
    assert (width, height) == pytest.approx((595, 842), abs=2)  # A4


def test_moments_alone_are_explained_too(browser: Any, pages: dict[str, Path]) -> None:
    browser.show(pages["moments"], width=1280, height=720)
    assert browser.text("#bars thead th") == "moment"
    assert "held still" not in browser.text("#bars thead")
    assert browser.problems == []


def test_a_model_without_sums_says_so_in_their_place(browser: Any, pages: dict[str, Path]) -> None:
    browser.show(pages["stgcn"], width=1280, height=720)
    browser.click("#tab-sums")
    assert "no sum over joints" in browser.text("#no-sums")
    assert browser.js("$('statistics-part').hidden")
    assert browser.problems == []


@pytest.mark.parametrize("name", ["joints", "two"])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_can_be_read_at_any_size(
    browser: Any, pages: dict[str, Path], width: int, height: int, *, dark: bool, name: str
) -> None:
    browser.show(pages[name], width=width, height=height, dark=dark)
    for tab in ("tab-decided", "tab-sums"):
        browser.js(f"document.getElementById('{tab}').click()")
        browser.is_readable(width)
    assert browser.js("document.querySelector('canvas').clientHeight") <= height
