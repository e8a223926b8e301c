"""Which file of the built pages answers a path, and with which headers: the same rules as in `web/template.yaml`.

There `Places` names the file and `Headers` the headers; tests/house/test_pages.py holds both to these.
"""

import mimetypes
from dataclasses import dataclass
from json import loads
from pathlib import Path
from urllib.parse import unquote

from tools.local.layout import ROOT

BUILT = ROOT / "web/dist"
HEADERS = ROOT / "web/headers.json"
APPS = ("claim", "counter", "console")
"""Pages with an address of their own; all else is the shop's."""
API = ("/v1/", "/api/v1/")
"""What is the API's."""
CONFIG = "config.json"
"""The one file that is not built: what the pages of this shop have to know (`web/shared/config.ts`)."""
HASHED = "assets/"
"""Files here are named by what is in them."""
KEPT_FOR_EVER = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"


@dataclass(frozen=True)
class Page:
    path: Path
    kind: str
    cache: str


def is_api(path: str) -> bool:
    return path.startswith(API)


def name_of(path: str) -> str:
    """The file's name as it is asked for, percent-encoded as it came. A path whose last part has no dot in it is a
    place within an app: the app itself knows it."""
    parts = path.split("/")
    if "." in parts[-1]:
        return path[1:]
    return f"{parts[1]}/index.html" if parts[1] in APPS else "index.html"


def kind_of(name: str) -> str:
    """The media type of a file by its name."""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in ("application/json", "application/manifest+json")
    return f"{kind}; charset=utf-8" if text else kind


def cache_of(name: str) -> str:
    return KEPT_FOR_EVER if name.startswith(HASHED) else ASKED_AGAIN


def is_deployed(name: str) -> bool:
    """What lies in hidden folders is the build's own."""
    return not any(part.startswith(".") for part in name.split("/"))


def page_of(path: str, built: Path = BUILT) -> Page | None:
    """None where there is no such file."""
    name = unquote(name_of(path))
    if not is_deployed(name) or "\0" in name:
        return None
    found = (built / name).resolve()
    if not found.is_relative_to(built.resolve()) or not found.is_file():
        return None
    return Page(found, kind_of(found.name), cache_of(name))


def headers(uploads: str) -> dict[str, str]:
    """Of every answer; `uploads` is the origin that the console sends files of stock to."""
    told: dict[str, str] = loads(HEADERS.read_text(encoding="utf-8"))
    return {name: value.replace("{uploads}", uploads) for name, value in told.items()}
