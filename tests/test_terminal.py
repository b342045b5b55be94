"""What a terminal shows: results and bars that do not mix, and signs that its encoding has."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from skelfuse.cli import main
from skelfuse.cli.messages import output, say
from skelfuse.cli.progress import bar
from skelfuse.cli.terminal import json_text


class Screen(io.StringIO):
    """What is written, where somebody looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("write", [output, say])
def test_a_bar_is_away_while_a_line_is_written(
    write: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    with bar("file", total=30) as show:
        show(10)
        assert callable(write)
        write("a result")
        show(20)
    before, _, after = screen.getvalue().partition("a result\n")
    assert "file" in before  # there was a bar
    assert before.rsplit("\r", 1)[1] == ""  # the line begins where the bar was
    assert before.rsplit("\r", 2)[1].strip() == ""  # of which nothing is left
    assert "file" in after


def test_no_bar_is_drawn_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("file", total=3) as show:
        show(2)
    assert capsys.readouterr().err == ""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    lengths = np.arange(5, 15)
    np.savez(
        tmp_path / "a.npz",
        coords=draw.normal(size=(lengths.sum(), 17, 2)),
        lengths=lengths,
        label=["拍手", "naïve"] * 5,
    )
    path = tmp_path / "a.h5"
    words = ["preprocess", str(tmp_path / "a.npz"), "-o", str(path), "--skeleton", "coco-17", "-q"]
    main(words, standalone_mode=False)
    return path


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_what_an_encoding_lacks_is_replaced(
    store: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    main(["info", str(store)], standalone_mode=False)
    main(["info", str(store), "--json"], standalone_mode=False)
    sys.stdout.flush()
    text = written.getvalue().decode(encoding)
    table, _, values = text.partition("{")
    assert json.loads("{" + values)["classes"] == {"naïve": 5, "拍手": 5}  # JSON loses nothing
    assert ("拍手" in table, "█" in table) == ((encoding == "utf-8",) * 2)
    assert "?? " in table or encoding == "utf-8"
    assert "@@@@" in table or encoding == "utf-8"
    assert ("naïve" in table) == (encoding != "ascii")


def test_an_error_names_files_that_a_terminal_cannot_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(written, encoding="ascii"))
    with pytest.raises(SystemExit) as ended:
        main(["info", str(tmp_path / "拍手.h5")])
    assert ended.value.code == 1
    sys.stderr.flush()
    assert b"??.h5: no such store" in written.getvalue()


def test_json_is_unicode_where_the_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, told in (("utf-8", '"拍手"'), ("cp1252", '"\\u62cd\\u624b"')):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        assert json_text("拍手") == told
