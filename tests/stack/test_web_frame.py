"""What holds for every page: it opens under its policy, in both languages, on phone and desk, for everybody."""

import re
import urllib.request
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Page, expect

from tests.stack.browser import Pages, inaccessible, kept, overflows
from tools.local.edge.pages import headers
from tools.local.stack import Stack

APPS = ("/", "/claim/", "/counter/", "/console/")
LANGUAGES = ("zh-CN", "en")
SECRET = re.compile(r"q[yo]_\w{8}")
"""How keys and order tokens begin."""


def has_begun(page: Page) -> None:
    # By a locator: a function to wait for would be a string that the page's policy lets nobody evaluate.
    expect(page.locator("#app > *").first).to_be_attached()


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("app", APPS)
def test_a_page_opens_for_everybody(pages: Pages, edge: str, app: str, language: str, phone: bool) -> None:
    page = pages(language, phone)
    page.goto(edge + app)
    has_begun(page)
    expect(page).to_have_title(re.compile(r"\S"))
    assert page.locator("html").get_attribute("lang") == language
    assert inaccessible(page) == []
    assert not overflows(page)
    if phone:
        page.set_viewport_size({"width": 320, "height": 640})
        assert not overflows(page), "at 320 px"


@pytest.mark.parametrize("app", ["/", "/claim/", "/counter/"])
def test_a_page_can_be_read_in_the_dark(pages: Pages, edge: str, app: str) -> None:
    page = pages(dark=True)
    page.goto(edge + app)
    has_begun(page)
    assert inaccessible(page) == []


@pytest.mark.parametrize("app", APPS)
def test_a_page_leaves_nothing_behind(pages: Pages, edge: str, app: str) -> None:
    page = pages()
    page.goto(edge + app)
    has_begun(page)
    left = kept(page)
    assert (left["local"], left["cookies"], left["caches"], left["workers"]) == ([], "", [], 0)
    assert not SECRET.search(str(left["session"]))


def test_a_place_that_no_app_knows_is_told_to_its_reader(pages: Pages, edge: str) -> None:
    page = pages()
    answer = page.goto(edge + "/no/such/place")
    assert answer
    assert answer.status == 200
    has_begun(page)


@pytest.mark.parametrize("path", [*APPS, "/config.json", "/v1/products"])
def test_every_answer_has_the_headers(edge: str, stack: Stack, path: str) -> None:
    try:
        with urllib.request.urlopen(edge + path, timeout=30) as answer:
            sent = dict(answer.headers.items())
    except HTTPError as refused:
        sent = dict(refused.headers.items())
    told = headers(stack.aws_endpoint_url)
    assert {name: value for name, value in sent.items() if name in told} == told
    assert "Set-Cookie" not in sent
    assert not SECRET.search(str(sent))


@pytest.mark.parametrize("app", APPS)
def test_no_other_site_can_frame_a_page(pages: Pages, edge: str, app: str) -> None:
    page = pages()
    page.goto("about:blank")
    framed = page.evaluate(
        """(url) => new Promise((done) => {
          const frame = document.createElement('iframe');
          frame.onload = () => done(frame.contentDocument === null ? 'refused' : 'empty');
          frame.src = url;
          document.body.append(frame);
        })""",
        edge + app,
    )
    assert framed == "refused"
    assert page.frames[-1].url.startswith("chrome-error:")
    pages.faults.clear()  # the browser says there that it refused
