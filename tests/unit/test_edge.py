"""Which of the built pages the local edge answers with."""

from pathlib import Path

import pytest

from tests.web.places import OF_THE_API, PLACES
from tools.local.edge.pages import cache_of, headers, is_api, kind_of, name_of, page_of


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    files = ("index.html", "claim/index.html", "console/index.html", "assets/shop-Ab12.js", ".vite/manifest.json")
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.mark.parametrize("path", PLACES)
def test_a_path_names_a_file_or_a_place_within_an_app(path: str) -> None:
    assert name_of(path) == PLACES[path]
    assert not is_api(path)


@pytest.mark.parametrize("path", OF_THE_API)
def test_the_api_has_its_paths_to_itself(path: str) -> None:
    assert is_api(path)


@pytest.mark.parametrize("path", ["/claim/O1", "/", "/assets/shop-Ab12.js"])
def test_a_page_is_found(path: str, built: Path) -> None:
    page = page_of(path, built)
    assert page
    assert page.path.read_text() == PLACES.get(path, "claim/index.html")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/..",
        "/.vite/manifest.json",
        "/no-such.js",
        "/assets/x%00.js",
    ],
)
def test_nothing_else_is_found(path: str, built: Path) -> None:
    assert page_of(path, built) is None


def test_a_link_that_leads_out_of_the_folder_leads_nowhere(built: Path) -> None:
    (built / "out.txt").symlink_to(built.parent / "secret.txt")
    assert page_of("/out.txt", built) is None


@pytest.mark.parametrize(
    ("name", "kind", "cache"),
    [
        ("index.html", "text/html; charset=utf-8", "no-cache"),
        ("config.json", "application/json; charset=utf-8", "no-cache"),
        ("icon.svg", "image/svg+xml", "no-cache"),
        ("assets/a-1.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("assets/a-1.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        ("assets/a-1.woff2", "font/woff2", "public, max-age=31536000, immutable"),
        ("assets/a-1.xyzzy", "application/octet-stream", "public, max-age=31536000, immutable"),
    ],
)
def test_types_and_caches_follow_from_the_name(name: str, kind: str, cache: str) -> None:
    assert (kind_of(name), cache_of(name)) == (kind, cache)


def test_the_policy_lets_nothing_in() -> None:
    """What docs/web.md promises: no inline code, no other origin's code, nobody's frame."""
    told = headers("https://files.example")
    policy = dict(part.strip().split(" ", 1) for part in told["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"] == "'self' https://files.example"
    assert "unsafe" not in str(told)
    assert told["X-Frame-Options"] == "DENY"
