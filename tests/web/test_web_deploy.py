"""Bringing the pages to a bucket behind CloudFront: types, caches, order, and what an open page may still load."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tools.web_deploy import LEFT_OUT, CannotDeploy, Place, advice, bring, config_of

NOW = datetime(2026, 11, 27, tzinfo=UTC)
CONFIG = {
    "channel": "site",
    "publishable_key": "qy_publishable_A",
    "sandbox": False,
    "zone": "Asia/Shanghai",
    "shop": {"title": {}, "help": None},
}
FILES = ["index.html", "claim/index.html", "icon.svg", "assets/shop-1.js", "assets/shop-1.css", ".vite/manifest.json"]


@dataclass
class CloudFront:
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def create_invalidation(self, **request: Any) -> None:
        self.asked.append(request)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="pages")
        yield Place(s3, CloudFront(), "pages", "E1")


def build(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{folder.name} {name}")
    return folder


def test_each_file_is_told_apart(place: Place, tmp_path: Path) -> None:
    names, deleted = bring(place, build(tmp_path / "one", *FILES), CONFIG, NOW)
    assert names == ["assets/shop-1.css", "assets/shop-1.js", "icon.svg", "index.html", "claim/index.html"]
    assert deleted == []
    told = {name: place.s3.head_object(Bucket="pages", Key=name) for name in [*names, "config.json"]}
    assert told["assets/shop-1.js"]["ContentType"] == "text/javascript; charset=utf-8"
    assert told["assets/shop-1.js"]["CacheControl"] == "public, max-age=31536000, immutable"
    for name in ("index.html", "claim/index.html", "config.json"):
        assert told[name]["CacheControl"] == "no-cache"
    assert place.read("config.json") == CONFIG
    assert place.names() == {*names, "config.json", LEFT_OUT}, "what is hidden is the build's own"


def test_pages_come_after_all_that_they_name(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    put = place.s3.put_object
    monkeypatch.setattr(place.s3, "put_object", lambda **said: (written.append(said["Key"]), put(**said)))
    bring(place, build(tmp_path / "one", *FILES), CONFIG, NOW)
    pages = ["config.json", "index.html", "claim/index.html"]
    assert [name for name in written if name in pages] == pages
    assert written.index("assets/shop-1.js") < written.index("config.json")


def test_what_is_asked_for_again_is_forgotten_by_cloudfront(place: Place, tmp_path: Path) -> None:
    bring(place, build(tmp_path / "one", *FILES), CONFIG, NOW)
    [asked] = place.cloudfront.asked
    assert asked["DistributionId"] == "E1"
    paths = asked["InvalidationBatch"]["Paths"]
    assert set(paths["Items"]) == {"/index.html", "/claim/index.html", "/icon.svg", "/config.json"}
    assert paths["Quantity"] == len(paths["Items"])


def test_an_open_page_finds_its_files_for_a_week(place: Place, tmp_path: Path) -> None:
    one, two = build(tmp_path / "one", *FILES), build(tmp_path / "two", "index.html", "assets/shop-2.js")
    bring(place, one, CONFIG, NOW)
    late = NOW + timedelta(days=90)
    assert bring(place, two, CONFIG, late)[1] == [], "it was the page's own until now"
    assert bring(place, two, CONFIG, late + timedelta(days=6))[1] == []
    assert "assets/shop-1.js" in place.names()
    gone = bring(place, two, CONFIG, late + timedelta(days=7))[1]
    assert gone == ["assets/shop-1.css", "assets/shop-1.js", "claim/index.html", "icon.svg"]
    assert place.names() == {"index.html", "assets/shop-2.js", "config.json", LEFT_OUT}


def test_going_back_to_an_earlier_build_keeps_its_files(place: Place, tmp_path: Path) -> None:
    one, two = build(tmp_path / "one", *FILES), build(tmp_path / "two", "index.html", "assets/shop-2.js")
    bring(place, one, CONFIG, NOW)
    bring(place, two, CONFIG, NOW)
    bring(place, one, CONFIG, NOW + timedelta(days=6))
    assert bring(place, one, CONFIG, NOW + timedelta(days=8))[1] == []
    assert set(place.read(LEFT_OUT)) == {"assets/shop-2.js"}


def no_key(channel: str) -> str:
    raise AssertionError("a key was made")


def test_the_first_time_needs_a_channel_and_makes_its_key() -> None:
    with pytest.raises(CannotDeploy, match="CHANNEL="):
        config_of({}, {}, sandbox=True, zone="Asia/Shanghai", key_for=no_key)
    made = config_of(
        {}, {"channel": "h5"}, sandbox=True, zone="Asia/Shanghai", key_for=lambda channel: f"qy_publishable_{channel}"
    )
    assert (made["channel"], made["publishable_key"], made["sandbox"]) == ("h5", "qy_publishable_h5", True)
    assert set(made["shop"]["title"]) == {"zh-CN", "en"}


def test_later_all_stays_but_what_is_given() -> None:
    before = {**CONFIG, "shop": {"title": {"zh-CN": "店", "en": "Shop"}, "help": "mailto:a@example.com"}}
    assert config_of(before, {}, sandbox=False, zone="Asia/Shanghai", key_for=no_key) == before
    named = config_of(before, {"title": "新店", "title_en": "New"}, sandbox=False, zone="Asia/Shanghai", key_for=no_key)
    assert named["shop"] == {"title": {"zh-CN": "新店", "en": "New"}, "help": "mailto:a@example.com"}
    other = config_of(
        before, {"channel": "h5"}, sandbox=False, zone="Asia/Shanghai", key_for=lambda _: "qy_publishable_B"
    )
    assert other["publishable_key"] == "qy_publishable_B", "a key is one channel's"


def test_no_other_key_gets_into_the_pages() -> None:
    with pytest.raises(CannotDeploy, match="publishable"):
        config_of({}, {"channel": "h5", "key": "qy_operator_A"}, sandbox=False, zone="Asia/Shanghai", key_for=no_key)


def test_parameters_that_lead_elsewhere_are_told() -> None:
    url = "https://d1.cloudfront.example"
    right = {
        "ConsoleOrigin": url,
        "ClaimUrl": f"{url}/claim/{{order}}#{{token}}",
        "StaffUrl": f"{url}/console/{{what}}/{{id}}",
    }
    assert advice(right, url) == []
    assert advice({**right, "ClaimUrl": "https://shop.example.com/x"}, url) == [f"ClaimUrl={right['ClaimUrl']}"]


def test_what_is_written_is_json(place: Place, tmp_path: Path) -> None:
    bring(place, build(tmp_path / "one", *FILES), {**CONFIG, "shop": {"title": {"zh-CN": "权益"}, "help": None}}, NOW)
    body = place.s3.get_object(Bucket="pages", Key="config.json")["Body"].read()
    assert json.loads(body)["shop"]["title"]["zh-CN"] == "权益"
