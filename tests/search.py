"""Finding a secret in whatever a run wrote, in every form that text is likely to take there."""

import base64
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import ahocorasick

ENCODINGS = ("utf-8", "gb18030")
UNPACKED_AT_MOST = 64 * 1024 * 1024


def forms(secret: str) -> set[bytes]:
    """The bytes that would show the secret: plain, in other encodings, escaped, in base 64 and as hex."""
    plain = {secret.encode(encoding) for encoding in ENCODINGS}
    escaped = {json.dumps(secret)[1:-1].encode(), quote(secret).encode(), secret.encode("utf-16-le")}
    packed = {form for raw in plain for form in _base64(raw)} | {raw.hex().encode() for raw in plain}
    return plain | escaped | packed


def _base64(raw: bytes) -> Iterator[bytes]:
    """What is the same of the text's base 64 whatever stands before and after it: at each of three offsets."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw)
        start, end = (before * 8 + 5) // 6, (before + len(raw)) * 8 // 6
        yield whole[start:end]
        yield whole[start:end].replace(b"+", b"-").replace(b"/", b"_")


class Search:
    """Looks for many secrets at once, in one walk over a content however many they are (Aho and Corasick's)."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._needles = ahocorasick.Automaton()
        for form, secret in ((form, each) for each in secrets for form in forms(each)):
            # The automaton knows text: latin-1 has a character for each byte.
            self._needles.add_word(form.decode("latin-1"), secret)
        self._needles.make_automaton()

    def found_in(self, content: bytes) -> set[str]:
        """Which secrets are in it, also within anything compressed in it."""
        texts = (text.decode("latin-1") for text in (content, *unpacked(content)))
        return {secret for text in texts for _, secret in self._needles.iter(text)}


def unpacked(content: bytes, depth: int = 2) -> Iterator[bytes]:
    """Everything in it that is gzip, zlib at its start, or a zip archive; and what is in there."""
    inner = [*_gzipped(content), *_zlibbed(content), *_zipped(content)]
    for text in inner:
        yield text
        if depth > 1:
            yield from unpacked(text, depth - 1)


def _gzipped(content: bytes) -> Iterator[bytes]:
    at = content.find(b"\x1f\x8b\x08")
    while at >= 0:
        with suppress(zlib.error):
            yield zlib.decompressobj(wbits=31).decompress(content[at:], UNPACKED_AT_MOST)
        at = content.find(b"\x1f\x8b\x08", at + 1)


def _zlibbed(content: bytes) -> Iterator[bytes]:
    if content[:1] == b"\x78":
        try:
            yield zlib.decompressobj().decompress(content, UNPACKED_AT_MOST)
        except zlib.error:
            return


def _zipped(content: bytes) -> Iterator[bytes]:
    if not content.startswith(b"PK\x03\x04"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    except zipfile.BadZipFile:
        return


def parts(value: Any) -> Iterator[bytes]:
    """Every text and byte string in it, names included."""
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield str(name).encode()
            yield from parts(inner)
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from parts(inner)
    else:
        yield str(value).encode()


def hidings(secret: str) -> dict[str, bytes]:
    """One example of each form, to see that the search sees it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x", f"a {secret} b")
    return {
        "plain": f"a {secret} b".encode(),
        "GBK": f"甲 {secret} 乙".encode("gbk"),
        "JSON": json.dumps({"a": secret}).encode(),
        **{f"base 64 at {n}": base64.b64encode(b"x" * n + secret.encode() + b"tail") for n in range(4)},
        "base 64 of GBK": base64.b64encode(f"甲{secret}".encode("gbk")),
        "hex": secret.encode().hex().encode(),
        "in a URL": f"?q={quote(secret)}&".encode(),
        "gzipped": b"before" + gzip.compress(f"a {secret} b".encode()) + b"after",
        "gzipped twice": gzip.compress(gzip.compress(secret.encode())),
        "deflated": zlib.compress(f"a {secret}".encode()),
        "zipped": archive.getvalue(),
    }
