"""The pages' texts: both languages say the same things, and every refusal of the API has a sentence for people."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from tests.house.sources import ROOT

WEB = ROOT / "web"
CHINESE, ENGLISH = "zh-CN.json", "en.json"
OF_THE_PAGES = {"unreachable"}
"""What no answer says, since there was none."""
FOLDERS = sorted({path.parent for path in WEB.glob("*/**/locales/*.json") if "node_modules" not in path.parts})


def texts(path: Path) -> dict[str, str]:
    """By dotted key."""

    def flat(node: object, key: str) -> Iterator[tuple[str, str]]:
        if isinstance(node, dict):
            yield from chain.from_iterable(flat(child, f"{key}.{name}") for name, child in node.items())
        else:
            yield key[1:], str(node)

    return dict(flat(json.loads(path.read_text(encoding="utf-8")), ""))


def slots(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(WEB).as_posix())
def test_both_languages_say_the_same(folder: Path) -> None:
    assert {path.name for path in folder.glob("*.json")} == {CHINESE, ENGLISH}
    chinese, english = texts(folder / CHINESE), texts(folder / ENGLISH)
    assert set(chinese) ^ set(english) == set()
    assert [key for key in chinese if slots(chinese[key]) != slots(english[key])] == [], "other slots"
    assert [key for told in (chinese, english) for key, text in told.items() if not text.strip()] == []


def test_the_english_is_english() -> None:
    for folder in FOLDERS:
        # The languages' own names stay as they are.
        found = {key for key, text in texts(folder / ENGLISH).items() if re.search(r"[\u4e00-\u9fff]", text)}
        assert {key for key in found if "language" not in key.lower()} == set(), folder


def test_every_refusal_has_a_sentence_for_people() -> None:
    codes = set(re.findall(r'<a id="(\w+)">', (ROOT / "docs/errors.md").read_text(encoding="utf-8")))
    assert len(codes) > 40
    for language in (CHINESE, ENGLISH):
        known = texts(WEB / "shared/locales" / language)
        told = {key.removeprefix("problem.") for key in known if key.startswith("problem.")}
        assert told == codes | OF_THE_PAGES, language
