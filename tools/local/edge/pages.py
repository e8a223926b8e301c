"""Which file of the built pages answers a path, and with which headers: the same rules as in `template.yaml`."""

import mimetypes
from dataclasses import dataclass
from json import loads
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.local.layout import ROOT

BUILT = ROOT / "web/dist"
HEADERS = ROOT / "web/headers.json"
APPS = ("claim", "counter", "console")
"""Pages with an address of their own; all else is the shop's."""
API = ("/v1/", "/api/v1/")
"""What is the API's."""
NAMED_BY_CONTENT = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"


@dataclass(frozen=True)
class Page:
    path: Path
    kind: str
    cache: str


def is_api(path: str) -> bool:
    return path.startswith(API)


def page_of(target: str, built: Path = BUILT) -> Page | None:
    """`target` is the request's; None where there is no such file. A path that names no file is a place within its
    app: the app itself knows it."""
    path = unquote(urlsplit(target).path)
    first, _, _ = path.lstrip("/").partition("/")
    name = path.lstrip("/")
    if "." not in path.rsplit("/", 1)[-1]:
        name = f"{first}/index.html" if first in APPS else "index.html"
    found = (built / name).resolve()
    if not found.is_relative_to(built.resolve()) or not found.is_file():
        return None
    kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind == "application/json"
    return Page(
        found,
        f"{kind}; charset=utf-8" if text else kind,
        NAMED_BY_CONTENT if name.startswith("assets/") else ASKED_AGAIN,
    )


def headers(uploads: str) -> dict[str, str]:
    """Of every page; `uploads` is the origin that the console sends files of stock to."""
    told: dict[str, str] = loads(HEADERS.read_text(encoding="utf-8"))
    return {name: value.replace("{uploads}", uploads) for name, value in told.items()}
