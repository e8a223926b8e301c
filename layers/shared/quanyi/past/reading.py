"""An export as records: CSV in UTF-8, GB18030 or UTF-16, or the first sheet of a workbook.

A file is in one encoding throughout. GB18030 decodes nearly any bytes and UTF-16 any pair of them, so both are
believed only where no part of the file reads better as something else.
"""

import re
from collections.abc import Iterator, Sequence

from quanyi.imports.model import FileFault, Record
from quanyi.imports.sheet import Sheet
from quanyi.imports.text import csv_records, lines, survey
from quanyi.past.source import MAX_TEXT_LINES, SourceSettings

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_HANZI = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
_PLAIN = re.compile(r"[\x00-\x7f]+")
_FOREIGN_RUN = re.compile(r"[^\x00-\x7f]{32,}")
"""Rows of an export have separators and digits, so a long run without any is a piece of another encoding."""


def records(source: SourceSettings, data: bytes) -> list[Record]:
    """All records of a file, blank lines too. Raises FileFault."""
    if len(data) > source.max_bytes:
        raise FileFault("too_many_bytes")
    if source.file_type == "xlsx":
        sheet = Sheet(data)
        sheet.survey()
        return list(sheet.records(0))
    return list(_text(data, source.encoding, source.delimiter))


def places(source: SourceSettings, found: Sequence[Record]) -> tuple[dict[str, int], Sequence[Record]]:
    """The column of each field, from 0, and the records behind the header row. Raises MissingColumn: so it is too where
    a name stands twice in the header row, or a number lies beyond all rows."""
    at = next((n for n, one in enumerate(found) if one.line >= source.header_row), len(found))
    header = found[at].fields if source.header_row and at < len(found) else []
    names = [cleaned(name).casefold() for name in header]
    width = max((len(one.fields) for one in found), default=0)
    where: dict[str, int] = {}
    missing: list[str] = []
    for field, ref in source.columns.refs().items():
        if isinstance(ref, int) and ref <= width:
            where[field] = ref - 1
        elif isinstance(ref, str) and names.count(ref.strip().casefold()) == 1:
            where[field] = names.index(ref.strip().casefold())
        else:
            missing.append(field)
    if missing:
        raise MissingColumn(missing)
    return where, found[at + 1 :] if source.header_row else found


class MissingColumn(FileFault):
    """`fields` are mapped to columns that the file does not have."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__("missing_column")
        self.fields = list(fields)


def cleaned(text: str) -> str:
    """A cell without what platforms put around numbers so that spreadsheets leave them whole: `="123"`, `'123`,
    `` `123 ``, tabs."""
    text = text.strip().strip("\u200b\ufeff")
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        text = text[2:-1]
    return text.lstrip("'`").strip()


def _text(data: bytes, asked: str, delimiter: str) -> Iterator[Record]:
    if data.startswith(_UTF16_MARKS) and asked in ("auto", "utf-16"):
        data, asked = _from_utf16(data), "utf-8"
    elif asked == "utf-16":
        raise FileFault("wrong_encoding")

    def fetch(start: int, end: int) -> bytes:
        return data[start:end]

    found = survey(fetch, len(data), asked)
    if found.lines > MAX_TEXT_LINES:
        raise FileFault("too_many_lines")
    encoding = found.encoding or "utf-8"
    if encoding == "gb18030" and any(_is_rather_utf8(line) for line in data.split(b"\n")):
        raise FileFault("wrong_encoding")
    return csv_records(lines(fetch, len(data)), encoding, delimiter)


def _from_utf16(data: bytes) -> bytes:
    try:
        text = data.decode("utf-16")
    except UnicodeDecodeError:
        raise FileFault("wrong_encoding") from None
    if any(_usual(run) * 2 < len(run) for run in _FOREIGN_RUN.findall(text)):
        raise FileFault("wrong_encoding")
    return text.encode()


def _is_rather_utf8(line: bytes) -> bool:
    """Two Chinese characters of UTF-8 are halves of three others in GB18030, rare ones nearly always."""
    if line.isascii():
        return False
    try:
        if len(_HANZI.findall(line.decode())) < 2:
            return False
    except UnicodeDecodeError:
        return False
    otherwise = _PLAIN.sub("", line.decode("gb18030"))
    return _usual(otherwise) < len(otherwise)


def _usual(text: str) -> int:
    """How many of the characters Chinese is written with."""
    return len(text.encode("gb2312", "ignore").decode("gb2312"))
