"""The pages as AWS serves them: `web/template.yaml` deployed on a local AWS, `make web-deploy` run against it, and what
then comes through CloudFront.

Its CloudFront runs the function, applies the headers and reads the bucket through its access control; it keeps nothing,
and reaches no address of AWS's own, the API's among them: tests/house/test_pages.py holds the template to both.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

import pytest

from quanyi.channels.model import Channel
from quanyi.channels.table import ChannelTable
from quanyi.table import Table
from tests.web.places import PLACES
from tools.local.cloud import Cloud
from tools.local.edge.pages import BUILT, CONFIG, cache_of, headers, kind_of
from tools.local.layout import CREDENTIALS, PAGES_TEMPLATE, ROOT, Home, environment
from tools.translate import load_template
from tools.web_deploy import LEFT_OUT

UPLOADS = "https://uploads.example"
STACK = "shop-with-pages"
NOW = datetime(2026, 11, 27, tzinfo=UTC)


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Front:
    """The deployed pages."""

    cloud: Cloud
    outputs: Mapping[str, str]

    def client(self, service: str) -> Any:
        return self.cloud.session.client(service, endpoint_url=self.cloud.endpoint)  # type: ignore[call-overload]

    def get(self, path: str, scheme: str = "https") -> Answered:
        """As a viewer asks; the path goes as it is."""
        line = HTTPConnection("127.0.0.1", self.cloud.port, timeout=60)
        host = self.outputs["Url"].removeprefix("https://")
        line.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": scheme})
        answer = line.getresponse()
        return Answered(answer.status, dict(answer.getheaders()), answer.read())

    def web_deploy(self, *asked: str, stack: str = STACK) -> subprocess.CompletedProcess[str]:
        """What `make web-deploy` runs."""
        aws = {**CREDENTIALS, "AWS_ENDPOINT_URL": self.cloud.endpoint}
        command = [sys.executable, "-m", "tools.web_deploy", "--stack", stack, *asked]
        found = environment(PYTHONPATH=os.pathsep.join(sys.path), **aws)
        return subprocess.run(command, cwd=ROOT, env=found, capture_output=True, text=True, check=False, timeout=300)

    def names(self) -> set[str]:
        listed = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.outputs["BucketName"])
        return {item["Key"] for page in listed for item in page.get("Contents", [])}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if not BUILT.is_dir():
        pytest.fail("the pages are not built: `make web` does it")
    before = os.environ["PATH"]
    # Its CloudFront's functions run in a node.
    os.environ["PATH"] = f"{ROOT / '.venv/bin'}{os.pathsep}{before}"
    try:
        with Cloud(Home(tmp_path_factory.mktemp("front"))) as cloud:
            bare = Front(cloud, {})
            made = Front(cloud, pages_of(bare))
            shop_of(made)
            yield made
    finally:
        os.environ["PATH"] = before


def pages_of(front: Front) -> dict[str, str]:
    """Deploys the pages' template; answers its outputs."""
    secret = front.client("secretsmanager").create_secret(Name="shop/edge/origin", SecretString='{"secret": "vouched"}')
    template = load_template(PAGES_TEMPLATE)
    # What reads without TLS is refused; this AWS has no TLS, and takes CloudFront's own reading for such.
    policy: dict[str, Any] = template["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]
    policy["Statement"] = [one for one in policy["Statement"] if one["Sid"] != "OnlyOverTls"]
    given = {
        "Name": "shop-pages",
        "ApiDomain": "api.execute-api.us-east-1.amazonaws.com",
        "ApiStage": "local",
        "UploadsOrigin": UPLOADS,
        "EdgeSecretArn": secret["ARN"],
        "Domain": "",
        "CertificateArn": "",
    }
    return deployed(front, "pages", template, given)


def shop_of(front: Front) -> None:
    """What `make web-deploy` asks a shop's own stack for: outputs, parameters, and the channel in its catalogue."""
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in (("pk", "HASH"), ("sk", "RANGE"))]
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    dynamodb = front.client("dynamodb")
    dynamodb.create_table(
        TableName="catalog", KeySchema=keys, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST"
    )
    h5 = Channel(id="h5", name="H5", kind="site", created_at=NOW)
    ChannelTable(Table("catalog", dynamodb)).create(h5, "operator:K1")
    outputs = {
        "PagesBucketName": front.outputs["BucketName"],
        "PagesDistributionId": front.outputs["DistributionId"],
        "CatalogTableName": "catalog",
        "WebUrl": front.outputs["Url"],
        "ShopTimeZone": "Asia/Tokyo",
    }
    template = {
        "Parameters": {name: {"Type": "String"} for name in ("Stage", "ClaimUrl")},
        "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    deployed(front, STACK, template, {"Stage": "production", "ClaimUrl": "https://elsewhere.example"})


def deployed(front: Front, name: str, template: Any, given: Mapping[str, str]) -> dict[str, str]:
    formation = front.client("cloudformation")
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
    formation.create_stack(StackName=name, TemplateBody=json.dumps(template), Parameters=parameters)
    until = time.monotonic() + 120
    while (found := formation.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"] == "CREATE_IN_PROGRESS":
        assert time.monotonic() < until, "it is never made"
        time.sleep(0.1)
    assert found["StackStatus"] == "CREATE_COMPLETE", formation.describe_stack_events(StackName=name)["StackEvents"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}


@pytest.fixture(scope="module")
def brought(front: Front) -> str:
    """What the command said, the first time that it brought the pages."""
    nothing = front.web_deploy()
    assert nothing.returncode == 1
    assert "CHANNEL=" in nothing.stderr, "a channel is needed, and nothing was done"
    assert front.names() == set()
    nobody = front.web_deploy("--channel", "no-such")
    assert (nobody.returncode, front.names()) == (1, set())
    done = front.web_deploy("--channel", "h5", "--title", "我的店")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_merchant_is_told_where_the_pages_are_and_what_leads_elsewhere(front: Front, brought: str) -> None:
    url = front.outputs["Url"]
    assert f"{url}/\n" in brought
    assert f"ClaimUrl={url}/claim/{{order}}#{{token}}" in brought
    config = json.loads(front.get(f"/{CONFIG}").body)
    assert (config["channel"], config["sandbox"], config["shop"]["title"]["zh-CN"]) == ("h5", False, "我的店")
    assert config["zone"] == "Asia/Tokyo"
    assert config["publishable_key"].startswith("qy_publishable_")


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
        told = headers(UPLOADS)
        assert {header: value for header, value in answer.headers.items() if header in told} == told, path


def test_nothing_is_read_in_clear_and_nothing_of_the_api_is_a_page(front: Front, brought: str) -> None:
    led = front.get("/claim/O1?a=b", scheme="http")
    assert (led.status, led.headers["Location"]) == (301, f"{front.outputs['Url']}/claim/O1?a=b")
    assert front.get("/v1/products", scheme="http").status == 403, "a credential is not led on, but refused"
    for path in ("/v1/products", "/api/v1/upstream/ping"):
        # The gateway is out of this AWS's reach; what is asked is the gateway, and no file.
        assert front.get(path).status == 502


def test_a_second_build_leaves_open_pages_theirs_and_is_asked_for_again(front: Front, brought: str) -> None:
    s3, bucket = front.client("s3"), front.outputs["BucketName"]
    s3.put_object(Bucket=bucket, Key="assets/older.js", Body=b"older")
    before = front.get(f"/{CONFIG}").body
    again = front.web_deploy()
    assert again.returncode == 0, again.stderr
    assert "0 of earlier builds deleted" in again.stdout
    assert front.get(f"/{CONFIG}").body == before, "key, channel and title stay"
    left = json.loads(s3.get_object(Bucket=bucket, Key=LEFT_OUT)["Body"].read())
    assert set(left) == {"assets/older.js"}
    assert front.get("/assets/older.js").body == b"older"
    listed = front.client("cloudfront").list_invalidations(DistributionId=front.outputs["DistributionId"])
    assert len(listed["InvalidationList"]["Items"]) == 2, "one for each time"


def test_a_stack_without_pages_says_how_to_have_them(front: Front) -> None:
    nothing = {"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}
    deployed(front, "without", {**nothing, "Outputs": {"ApiUrl": {"Value": "https://api.example"}}}, {})
    done = front.web_deploy("--channel", "h5", stack="without")
    assert done.returncode == 1
    assert "WebPages=yes" in done.stderr
