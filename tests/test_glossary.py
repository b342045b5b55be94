"""The glossary says what the page of an explanation says, in the same words."""

from __future__ import annotations

from pathlib import Path

from skelfuse.explain.glossary import GLOSSARY

PAGE = Path(__file__).resolve().parent.parent / "docs" / "glossary.md"


def test_every_word_of_the_page_is_in_the_glossary_once() -> None:
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    meanings = {row[0].removeprefix("| "): row[-1].removesuffix(" |") for row in rows}
    words = [row[0] for row in rows if row[0] not in ("| word", "| ---")]
    assert len({*words}) == len(words)
    for word, meaning in GLOSSARY.items():
        assert meanings[word] == meaning
