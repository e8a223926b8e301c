"""`make web-deploy STACK=`: brings the built pages to a stack that was deployed with `WebPages=yes`.

Whoever has a page open keeps what it may still load for a week: files of an earlier build are only deleted by a
deployment that comes seven days after the one that left them out. Pages come last, so none names a file that is not
there.
"""

import argparse
import json
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from quanyi.api_keys.table import issue
from quanyi.channels.table import ChannelTable
from quanyi.errors import NotFound, Refusal
from quanyi.table import Table
from tools.local.deploy import links_to
from tools.local.edge.pages import ASKED_AGAIN, BUILT, CONFIG, HASHED, cache_of, is_deployed, kind_of

LEFT_OUT = ".left-out.json"
"""Beside the pages: since when a file has been in no build, by its name."""
KEPT = timedelta(days=7)
TITLE = {"zh-CN": "权益商城", "en": "Benefits shop"}
"""The shop's, as long as nobody gives it one."""


class CannotDeploy(Exception):
    """Something is missing; the text says what to do."""


@dataclass(frozen=True)
class Place:
    """Where the pages lie. The clients are boto3's."""

    s3: Any
    cloudfront: Any
    bucket: str
    distribution: str

    def read(self, name: str) -> dict[str, Any]:
        """A JSON file; empty where there is none."""
        try:
            return json.loads(self.s3.get_object(Bucket=self.bucket, Key=name)["Body"].read())
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return {}
            raise

    def write(self, name: str, content: bytes) -> None:
        told = {"ContentType": kind_of(name), "CacheControl": cache_of(name)}
        self.s3.put_object(Bucket=self.bucket, Key=name, Body=content, **told)

    def names(self) -> set[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}


def bring(place: Place, built: Path, config: Mapping[str, Any], now: datetime) -> tuple[list[str], list[str]]:
    """Uploads the build and the configuration; answers the names of what was uploaded, in their order, and of what was
    deleted. It may be run again at any time."""
    files = {path.relative_to(built).as_posix(): path for path in built.rglob("*") if path.is_file()}
    names = sorted(filter(is_deployed, files), key=_when)
    left_out = _left_out(place, {*names, CONFIG}, now)
    for name in names:
        if name == "index.html":  # the first page: its configuration is there before it
            place.write(CONFIG, json.dumps(config, ensure_ascii=False, indent=2).encode())
        place.write(name, files[name].read_bytes())
    over = sorted(name for name, since in left_out.items() if now - datetime.fromisoformat(since) >= KEPT)
    for name in over:
        place.s3.delete_object(Bucket=place.bucket, Key=name)
    kept = {name: since for name, since in left_out.items() if name not in over}
    place.write(LEFT_OUT, json.dumps(kept, indent=2).encode())
    asked_again = [f"/{name}" for name in (*names, CONFIG) if cache_of(name) == ASKED_AGAIN]
    place.cloudfront.create_invalidation(
        DistributionId=place.distribution,
        InvalidationBatch={
            "Paths": {"Quantity": len(asked_again), "Items": asked_again},
            "CallerReference": f"pages-{now.isoformat()}",
        },
    )
    return names, over


def _when(name: str) -> tuple[int, str]:
    """What others name first, then what names them."""
    return (0 if name.startswith(HASHED) else 2 if name.endswith(".html") else 1, "" if name == "index.html" else name)


def _left_out(place: Place, names: set[str], now: datetime) -> dict[str, str]:
    known = place.read(LEFT_OUT)
    return {name: known.get(name, now.isoformat()) for name in place.names() - names - {LEFT_OUT}}


def config_of(
    before: Mapping[str, Any],
    given: Mapping[str, str | None],
    *,
    sandbox: bool,
    zone: str,
    key_for: Callable[[str], str],
) -> dict[str, Any]:
    """What `web/shared/config.ts` describes: what is given, else as it was. `key_for` answers a channel's publishable
    key, and is asked only where there is none yet."""
    channel = given.get("channel") or before.get("channel")
    if not channel:
        raise CannotDeploy("name the channel that the shop's pages sell in: CHANNEL=")
    same = channel == before.get("channel")
    shop: Mapping[str, Any] = before.get("shop") or {}
    title: dict[str, str] = {**TITLE, **(shop.get("title") or {})}
    if given.get("title"):
        title = dict.fromkeys(TITLE, str(given["title"]))
    if given.get("title_en"):
        title["en"] = str(given["title_en"])
    key = given.get("key") or (before.get("publishable_key") if same else None) or key_for(channel)
    if not key.startswith("qy_publishable_"):
        raise CannotDeploy("anybody reads what is in the pages: only a publishable key may stand there")
    return {
        "channel": channel,
        "publishable_key": key,
        "sandbox": sandbox,
        "zone": zone,
        "shop": {"title": title, "help": given.get("help") or shop.get("help")},
    }


def advice(parameters: Mapping[str, str], url: str) -> list[str]:
    """Parameters that lead elsewhere than to the pages."""
    return [f"{name}={value}" for name, value in links_to(url).items() if parameters.get(name) != value]


def _key_for(table: Table, channel: str) -> str:
    """Makes one. Raises CannotDeploy, Refusal."""
    try:
        ChannelTable(table).channel(channel)
    except NotFound:
        raise CannotDeploy(f"there is no channel {channel}: open it first (POST /v1/admin/channels)") from None
    _, key = issue(table, "publishable", channel, secrets.token_bytes, datetime.now(UTC), "pages")
    return key.reveal()


def deploy(stack: str, given: Mapping[str, str | None]) -> None:
    """Raises CannotDeploy, Refusal, ClientError."""
    found: Any = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}
    if "PagesBucketName" not in outputs:
        raise CannotDeploy(f"the stack {stack} has no pages: deploy it with WebPages=yes first")
    cloudfront: Any = boto3.client("cloudfront")  # type: ignore[call-overload]
    place = Place(boto3.client("s3"), cloudfront, outputs["PagesBucketName"], outputs["PagesDistributionId"])
    table = Table(outputs["CatalogTableName"], boto3.client("dynamodb"))
    config = config_of(
        place.read(CONFIG),
        given,
        sandbox=parameters.get("Stage") != "production",
        zone=outputs["ShopTimeZone"],
        key_for=lambda channel: _key_for(table, channel),
    )
    uploaded, deleted = bring(place, BUILT, config, datetime.now(UTC))
    print(f"{len(uploaded)} files are up, {len(deleted)} of earlier builds deleted: {outputs['WebUrl']}/")
    if wrong := advice(parameters, outputs["WebUrl"]):
        print("Mails do not lead there yet, or the console cannot upload; deploy the stack once more with\n")
        print("\n".join(f"  {line}" for line in wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description="Bring the built pages to a deployed stack")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--channel", help="that the shop's pages sell in; default: as before")
    parser.add_argument("--key", help="its publishable key; default: as before, else a new one")
    parser.add_argument("--title", help="of the shop")
    parser.add_argument("--title-en", help="of the shop, for those who read English")
    parser.add_argument("--help-at", dest="help", help="where buyers ask for help: https://... or mailto:...")
    given = vars(parser.parse_args())
    stack = given.pop("stack")
    if not stack:
        sys.exit("which stack? STACK=quanyi")
    if not (BUILT / "index.html").is_file():
        sys.exit("the pages are not built: `make web` does it")
    try:
        deploy(stack, given)
    except (BotoCoreError, ClientError, CannotDeploy, Refusal) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
