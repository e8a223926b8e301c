"""Text files, read by byte ranges in flat memory: TXT and CSV, as lines and as records.

A line end never lies inside a character of UTF-8 or GB18030, so lines are cut in bytes and decoded one by one, and
reading can start again at any record's end. How the file is cut into ranges changes nothing that comes out.
"""

import codecs
import csv
import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from quanyi.imports.model import MAX_LINES, Encoding, FileFault, LineFault, Record, Survey

Fetch: TypeAlias = Callable[[int, int], bytes]
"""The bytes from `start` up to, not including, `end`."""

RANGE = 4 * 1024 * 1024
MAX_LINE = 16 * 1024
"""Bytes of a line; a longer one is refused without being held."""
MAX_QUOTED_LINES = 20
"""Lines that one quoted record may span: a forgotten quote must not swallow the file."""

_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_NOT_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Line(NamedTuple):
    """A line's bytes without its end (None: too long to hold), and where the next one starts."""

    data: bytes | None
    after: int


def survey(fetch: Fetch, size: int, asked: str, *, step: int = RANGE) -> Survey:
    """Looks through the whole file: is it text, in which encoding, how many lines? Raises FileFault.

    `asked` is `auto`, `utf-8` or `gbk`. UTF-8 is recognised by being flawless; GBK (as its superset GB18030) decodes
    nearly anything, so `auto` believes it only if the characters are the ones that Chinese is written with.
    """
    ends, last, blank = 0, b"", True
    guess = _Guess(asked)
    for start in range(0, size, step):
        block = fetch(start, min(start + step, size))
        if start == 0 and block.startswith(_NOT_TEXT):
            raise FileFault("wrong_file_type")
        if b"\0" in block or (start == 0 and block.startswith(_UTF16)):
            raise FileFault("wrong_encoding")
        guess.see(block, final=start + step >= size)
        ends += block.count(b"\n")
        last = block[-1:]
        blank = blank and not block.strip()
    if blank:
        raise FileFault("empty_file")
    found = ends + (last != b"\n")
    if found > MAX_LINES:
        raise FileFault("too_many_lines")
    return Survey(size, found, guess.encoding())


class _Guess:
    """The encodings that a file may still be in."""

    def __init__(self, asked: str) -> None:
        names: dict[str, tuple[Encoding, ...]] = {"utf-8": ("utf-8",), "gbk": ("gb18030",)}
        self._sure = asked != "auto"
        self._left = {name: codecs.getincrementaldecoder(name)() for name in names.get(asked, ("utf-8", "gb18030"))}
        self._seen = self._usual = 0

    def see(self, block: bytes, *, final: bool) -> None:
        for name, decoder in list(self._left.items()):
            try:
                text = decoder.decode(block, final=final)
            except UnicodeDecodeError:
                del self._left[name]
                continue
            if name == "gb18030" and not text.isascii():
                foreign = "".join(_FOREIGN.findall(text))
                self._seen += len(foreign)
                self._usual += len(foreign.encode("gb2312", "ignore").decode("gb2312"))
        if not self._left:
            raise FileFault("wrong_encoding")

    def encoding(self) -> Encoding:
        if "utf-8" in self._left:
            return "utf-8"
        if not self._sure and self._usual < self._seen * 0.8:
            raise FileFault("wrong_encoding")
        return "gb18030"


def lines(fetch: Fetch, size: int, start: int = 0, *, step: int = RANGE) -> Iterator[Line]:
    """The lines from byte `start` on, each at most MAX_LINE bytes; longer ones come as None."""
    held, at, after = b"", start, start
    skipped = 0
    """Bytes already dropped of a line that is too long."""
    while at < size:
        block = fetch(at, min(at + step, size))
        at += len(block)
        parts = (held + block).split(b"\n")
        held = parts.pop()
        for part in parts:
            after += skipped + len(part) + 1
            yield Line(None if skipped or len(part) > MAX_LINE + 1 else _whole(part), after)
            skipped = 0
        if skipped or len(held) > MAX_LINE + 1:
            skipped += len(held)
            held = b""
    if held or skipped:
        yield Line(None if skipped else _whole(held), size)


def _whole(part: bytes) -> bytes | None:
    part = part.removesuffix(b"\r")
    return part if len(part) <= MAX_LINE else None


def text_records(found: Iterator[Line], encoding: str, *, line: int = 1) -> Iterator[Record]:
    """TXT: a line is a record of one field; `line` is the first one's number."""
    for number, (data, after) in enumerate(found, line):
        if data is None:
            yield Record(number, after, number + 1, [], "line_too_long")
        else:
            text = _decoded(data, encoding, number).strip()
            yield Record(number, after, number + 1, [text] if text else [])


def csv_records(found: Iterator[Line], encoding: str, delimiter: str, *, line: int = 1) -> Iterator[Record]:
    """CSV after RFC 4180 with any one-character delimiter; quoted fields may hold line ends.

    A record that cannot be read costs its first line only: reading goes on at the next one.
    """
    feed = _Feed(found, encoding, line)
    while True:
        reader = csv.reader(feed.texts(), delimiter=delimiter, strict=True)
        while (record := feed.next(reader)) is not None and record.fault is None:
            yield record
        if record is None:
            return
        yield record


class _Feed:
    """Gives a csv reader its lines, and takes those back that it read in vain."""

    def __init__(self, found: Iterator[Line], encoding: str, line: int) -> None:
        self._found, self._encoding, self._line = found, encoding, line
        self._again: deque[Line] = deque()
        self._taken: list[Line] = []
        self._stop: LineFault | None = None

    def texts(self) -> Iterator[str]:
        """Ends early at a line that no record may hold."""
        while (read := self._again.popleft() if self._again else next(self._found, None)) is not None:
            self._taken.append(read)
            first = len(self._taken) == 1
            if read.data is None:
                self._stop = "line_too_long" if first else "quote_not_closed"
                return
            if len(self._taken) > MAX_QUOTED_LINES or not (first or self._length() <= MAX_LINE):
                self._stop = "quote_not_closed"
                return
            yield _decoded(read.data, self._encoding, self._line + len(self._taken) - 1) + "\n"

    def next(self, reader: Iterator[list[str]]) -> Record | None:
        """One record (None at the end). After one with a fault, go on with a new reader."""
        self._taken.clear()
        self._stop = None
        fault: LineFault | None = None
        fields: list[str] = []
        try:
            fields = next(reader)
        except StopIteration:
            if not self._taken:
                return None
            fault = self._stop
        except csv.Error:
            fault = self._stop or ("quote_not_closed" if self._quote_open() else "malformed")
        if fault:
            self._again.extendleft(reversed(self._taken[1:]))
            del self._taken[1:]
        filled = any(field.strip() for field in fields)
        first, self._line = self._line, self._line + len(self._taken)
        return Record(first, self._taken[-1].after, self._line, fields if filled else [], fault)

    def _quote_open(self) -> bool:
        """Whether the record in hand ended inside a quoted field: the reader then wanted more lines."""
        return len(self._taken) > 1 or (self._taken[0].data or b"").count(b'"') % 2 == 1

    def _length(self) -> int:
        return sum(len(line.data or b"") for line in self._taken)


def _decoded(data: bytes, encoding: str, number: int) -> str:
    text = data.decode(encoding)
    return text.removeprefix("\ufeff") if number == 1 else text
