"""The pages as AWS serves them: deployed with the shop (`WebPages=yes`), brought by `make web-deploy`, and read through
CloudFront.

Its CloudFront runs the function, applies the headers and reads the bucket through its access control; it keeps nothing,
and reaches no address of AWS's own, the API's among them: tests/house/test_pages.py holds the template to both.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.stack.shop import Shop
from tests.web.places import PLACES
from tools.local.edge.pages import BUILT, CONFIG, cache_of, headers, kind_of
from tools.local.layout import CREDENTIALS, REGION, ROOT, STACK_NAME, environment
from tools.local.stack import Stack
from tools.web_deploy import LEFT_OUT


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Front:
    """The deployed pages."""

    stack: Stack

    @property
    def url(self) -> str:
        return self.stack.outputs["WebUrl"]

    @property
    def bucket(self) -> str:
        return self.stack.outputs["PagesBucketName"]

    @property
    def uploads(self) -> str:
        """The origin that the console brings files of stock to."""
        return f"https://{self.stack.outputs['ImportBucketName']}.s3.{REGION}.amazonaws.com"

    def get(self, path: str, scheme: str = "https") -> Answered:
        """As a viewer asks; the path goes as it is."""
        line = HTTPConnection("127.0.0.1", urlsplit(self.stack.aws_endpoint_url).port, timeout=60)
        line.request("GET", path, headers={"Host": self.url.removeprefix("https://"), "X-Forwarded-Proto": scheme})
        answer = line.getresponse()
        return Answered(answer.status, dict(answer.getheaders()), answer.read())

    def web_deploy(self, *asked: str, stack: str = STACK_NAME) -> subprocess.CompletedProcess[str]:
        """What `make web-deploy` runs."""
        aws = {**CREDENTIALS, "AWS_ENDPOINT_URL": self.stack.aws_endpoint_url}
        command = [sys.executable, "-m", "tools.web_deploy", "--stack", stack, *asked]
        found = environment(PYTHONPATH=os.pathsep.join(sys.path), **aws)
        return subprocess.run(command, cwd=ROOT, env=found, capture_output=True, text=True, check=False, timeout=300)

    def names(self) -> set[str]:
        listed = self.stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {item["Key"] for page in listed for item in page.get("Contents", [])}


@pytest.fixture(scope="module")
def front(stack: Stack) -> Iterator[Front]:
    if not BUILT.is_dir():
        pytest.fail("the pages are not built: `make web` does it")
    made, s3 = Front(stack), stack.client("s3")
    # What reads without TLS is refused; this AWS has no TLS, and takes CloudFront's own reading for such.
    policy: dict[str, Any] = json.loads(s3.get_bucket_policy(Bucket=made.bucket)["Policy"])
    assert [one["Sid"] for one in policy["Statement"]] == ["OnlyOverTls", "OnlyThisDistribution"]
    s3.put_bucket_policy(Bucket=made.bucket, Policy=json.dumps({**policy, "Statement": policy["Statement"][1:]}))
    yield made
    s3.put_bucket_policy(Bucket=made.bucket, Policy=json.dumps(policy))


@pytest.fixture(scope="module")
def brought(front: Front, shop: Shop) -> str:
    """What the command said, the first time that it brought the pages."""
    shop.admin("POST", "/channels", {"id": "pages", "name": "H5", "kind": "site"}).must()
    nothing = front.web_deploy()
    assert nothing.returncode == 1
    assert "CHANNEL=" in nothing.stderr, "a channel is needed, and nothing was done"
    assert front.names() == set()
    nobody = front.web_deploy("--channel", "no-such")
    assert (nobody.returncode, front.names()) == (1, set())
    done = front.web_deploy("--channel", "pages", "--title", "我的店")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_merchant_is_told_where_the_pages_are_and_what_leads_elsewhere(
    front: Front, shop: Shop, brought: str
) -> None:
    assert f"{front.url}/\n" in brought
    assert f"ClaimUrl={front.url}/claim/{{order}}#{{token}}" in brought
    config = json.loads(front.get(f"/{CONFIG}").body)
    assert (config["channel"], config["sandbox"], config["shop"]["title"]["zh-CN"]) == ("pages", True, "我的店")
    assert config["zone"] == front.stack.outputs["ShopTimeZone"]
    # The key that it made sells in that channel.
    assert shop.wire.send("GET", "/v1/products", credential=config["publishable_key"]).status == 200


def test_every_place_is_the_page_that_was_built(front: Front, brought: str) -> None:
    asset = next(path.name for path in (BUILT / "assets").glob("*.js"))
    places = {path: name for path, name in PLACES.items() if (BUILT / name).is_file()}
    for path, name in {**places, f"/assets/{asset}": f"assets/{asset}"}.items():
        if ".." in path or name.startswith("."):
            continue
        answer = front.get(path)
        assert (answer.status, answer.body) == (200, (BUILT / name).read_bytes()), path
        assert answer.headers["Content-Type"] == kind_of(name), path
        assert answer.headers["Cache-Control"] == cache_of(name), path
        told = headers(front.uploads)
        assert {header: value for header, value in answer.headers.items() if header in told} == told, path


def test_nothing_is_read_in_clear_and_nothing_of_the_api_is_a_page(front: Front, brought: str) -> None:
    led = front.get("/claim/O1?a=b", scheme="http")
    assert (led.status, led.headers["Location"]) == (301, f"{front.url}/claim/O1?a=b")
    assert front.get("/v1/products", scheme="http").status == 403, "a credential is not led on, but refused"
    for path in ("/v1/products", "/api/v1/upstream/ping"):
        # The gateway is out of this AWS's reach; what is asked is the gateway, and no file.
        assert front.get(path).status == 502


def test_a_second_build_leaves_open_pages_theirs_and_is_asked_for_again(front: Front, brought: str) -> None:
    s3, bucket = front.stack.client("s3"), front.bucket
    s3.put_object(Bucket=bucket, Key="assets/older.js", Body=b"older")
    before = front.get(f"/{CONFIG}").body
    again = front.web_deploy()
    assert again.returncode == 0, again.stderr
    assert "0 of earlier builds deleted" in again.stdout
    assert front.get(f"/{CONFIG}").body == before, "key, channel and title stay"
    left = json.loads(s3.get_object(Bucket=bucket, Key=LEFT_OUT)["Body"].read())
    assert set(left) == {"assets/older.js"}
    assert front.get("/assets/older.js").body == b"older"
    pages = front.stack.outputs["PagesDistributionId"]
    listed = front.stack.client("cloudfront").list_invalidations(DistributionId=pages)
    assert len(listed["InvalidationList"]["Items"]) == 2, "one for each time"


def test_a_stack_without_pages_says_how_to_have_them(front: Front) -> None:
    nothing = {
        "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": {"ApiUrl": {"Value": "https://api.example"}},
    }
    formation = front.stack.client("cloudformation")
    formation.create_stack(StackName="without", TemplateBody=json.dumps(nothing))
    formation.get_waiter("stack_create_complete").wait(StackName="without", WaiterConfig={"Delay": 1})
    done = front.web_deploy("--channel", "pages", stack="without")
    assert done.returncode == 1
    assert "WebPages=yes" in done.stderr


def test_only_cloudfront_knows_what_it_vouches_by(front: Front) -> None:
    """Its own secret is made with the stack, and never in a text: the distribution's header is a reference to it."""
    secret = front.stack.client("secretsmanager").get_secret_value(SecretId=f"{STACK_NAME}/edge/origin")
    known: str = json.loads(secret["SecretString"])["secret"]
    assert len(known) == 48
    template = front.stack.client("cloudformation").get_template(StackName=STACK_NAME)["TemplateBody"]
    assert known not in str(template)
