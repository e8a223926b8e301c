"""What a bot says: one thing with its facts and its link, or many things in a line each.

What stands in it may come from a supplier's answer: signs that chat programs read as marks or as calls to people
(`<@all>`) are replaced.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quanyi.catalog.model import Language

_MARKS = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "*": "＊", "`": "'", "@": "＠"})

_MANY: dict[Language, str] = {"zh-CN": "{count} 条新通知", "en": "{count} notices"}


@dataclass(frozen=True)
class Line:
    """A line of text; with a link, the text is what leads there."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Message:
    """Plain text without marks."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Said:
    """One event in words."""

    title: str
    facts: tuple[str, ...]
    label: str
    link: str

    def alone(self) -> Message:
        facts = (Line(plain(part)) for fact in self.facts for part in fact.splitlines() if part.strip())
        return Message(plain(self.title), (*facts, Line(plain(self.label), self.link)))

    def line(self) -> Line:
        return Line(plain(self.title), self.link)


def together(said: Sequence[Said], language: Language) -> Message:
    return Message(_MANY[language].format(count=len(said)), tuple(one.line() for one in said))


def plain(text: str) -> str:
    return " ".join(text.split()).translate(_MARKS)
