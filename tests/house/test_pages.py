"""What CloudFront does with the pages is what the local edge does: same places, same headers, nothing open."""

import json
import re
import subprocess
from typing import Any

import pytest

from quanyi.viewer import EDGE, VIEWER
from tests.house.sources import ROOT
from tests.house.template import Node, refers, text, translated, walk, written
from tests.web.places import OF_THE_API, PLACES
from tools.local.edge.pages import API, HEADERS
from tools.local.layout import PAGES_TEMPLATE
from tools.translate import load_template

UPLOADS = "https://uploads.example"
NODE = ROOT / ".venv/bin/node"


def pages() -> dict[str, Node]:
    """Properties by logical id."""
    return {name: one.get("Properties", {}) for name, one in load_template(PAGES_TEMPLATE)["Resources"].items()}


def seen(uris: list[str]) -> list[dict[str, Any]]:
    """What CloudFront's function makes of a viewer's requests, each with headers that the viewer forged."""
    code = pages()["Places"]["FunctionCode"]
    sent = {VIEWER: {"value": "6.6.6.6"}, EDGE: {"value": "forged"}}
    events = [{"viewer": {"ip": "192.0.2.7"}, "request": {"uri": uri, "headers": sent}} for uri in uris]
    program = f"{code};console.log(JSON.stringify({json.dumps(events)}.map((event) => handler(event))))"
    done = subprocess.run([NODE, "-e", program], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_places_are_those_of_the_local_edge() -> None:
    assert {path: request["uri"] for path, request in zip(PLACES, seen(list(PLACES)), strict=True)} == {
        path: f"/{name}" for path, name in PLACES.items()
    }


def test_a_call_keeps_its_path_and_tells_whose_it_is() -> None:
    for path, request in zip(OF_THE_API, seen(list(OF_THE_API)), strict=True):
        assert request["uri"] == path
        assert request["headers"][VIEWER] == {"value": "192.0.2.7"}


def test_the_function_is_as_cloudfront_takes_it() -> None:
    function = pages()["Places"]
    assert len(function["FunctionCode"].encode()) < 10_240
    assert function["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"


def told() -> dict[str, str]:
    """The headers of the policy, with where the console uploads to filled in."""
    config = pages()["Headers"]["ResponseHeadersPolicyConfig"]
    security = config["SecurityHeadersConfig"]
    hsts = security["StrictTransportSecurity"]
    found = {
        "Content-Security-Policy": security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "Strict-Transport-Security": f"max-age={hsts['AccessControlMaxAgeSec']}"
        + ("; includeSubDomains" if hsts["IncludeSubdomains"] else ""),
        "X-Content-Type-Options": "nosniff" if "ContentTypeOptions" in security else "",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
    }
    found |= {item["Header"]: item["Value"] for item in config["CustomHeadersConfig"]["Items"]}
    return {name: value.replace("${UploadsOrigin}", UPLOADS) for name, value in found.items()}


def test_headers_are_those_of_the_local_edge() -> None:
    ours: dict[str, str] = json.loads(HEADERS.read_text())
    assert told() == {name: value.replace("{uploads}", UPLOADS) for name, value in ours.items()}
    overridden = [
        node["Override"] for _, node in walk(pages()["Headers"]) if isinstance(node, dict) and "Override" in node
    ]
    assert overridden == [True] * len(ours)


def behaviours() -> dict[str, Node]:
    config = pages()["Distribution"]["DistributionConfig"]
    return {"*": config["DefaultCacheBehavior"], **{one["PathPattern"]: one for one in config["CacheBehaviors"]}}


def test_each_way_has_the_headers_and_the_function() -> None:
    assert set(behaviours()) == {"*", *(f"{path}*" for path in API)}
    for behaviour in behaviours().values():
        assert refers(behaviour["ResponseHeadersPolicyId"]) == "Headers"
        [function] = behaviour["FunctionAssociations"]
        assert (function["EventType"], refers(function["FunctionARN"])) == ("viewer-request", "Places")
        assert behaviour["ViewerProtocolPolicy"] in ("https-only", "redirect-to-https")


def test_nothing_of_the_api_is_kept_and_nothing_but_the_host_held_back() -> None:
    for path in API:
        behaviour = behaviours()[f"{path}*"]
        assert behaviour["TargetOriginId"] == "api"
        # CachingDisabled and AllViewerExceptHostHeader, by the ids that AWS documents.
        assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
        assert behaviour["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
        assert behaviour["ViewerProtocolPolicy"] == "https-only", "a credential never goes in clear"
        assert set(behaviour["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}


def test_pages_are_kept_as_their_files_say() -> None:
    behaviour = behaviours()["*"]
    # CachingOptimized, by the id that AWS documents: it heeds Cache-Control, and asks by the path alone.
    assert behaviour["CachePolicyId"] == "658327ea-f89d-4fab-a63d-7e88639e58f6"
    assert "OriginRequestPolicyId" not in behaviour, "nothing that a viewer sends reaches the bucket"
    assert (behaviour["TargetOriginId"], behaviour["AllowedMethods"]) == ("pages", ["GET", "HEAD"])
    assert behaviour["Compress"] is True
    assert "CustomErrorResponses" not in pages()["Distribution"]["DistributionConfig"], "a refusal stays one"


def test_the_bucket_is_asked_under_cloudfronts_own_signature() -> None:
    config = pages()["Access"]["OriginAccessControlConfig"]
    assert (config["SigningBehavior"], config["SigningProtocol"]) == ("always", "sigv4")
    assert config["OriginAccessControlOriginType"] == "s3"


def test_the_pages_are_read_through_cloudfront_alone() -> None:
    bucket = pages()["Bucket"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    deny, allow = pages()["BucketPolicy"]["PolicyDocument"]["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert allow["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allow["Action"] == ["s3:GetObject", "s3:ListBucket"]
    assert "distribution/${Distribution}" in text(allow["Condition"]["StringEquals"]["aws:SourceArn"])
    origin = pages()["Distribution"]["DistributionConfig"]["Origins"][0]
    assert refers(origin["OriginAccessControlId"]) == "Access"


def test_cloudfront_vouches_by_a_secret_that_no_text_holds() -> None:
    [sent] = pages()["Distribution"]["DistributionConfig"]["Origins"][1]["OriginCustomHeaders"]
    assert sent["HeaderName"].lower() == EDGE
    assert sent["HeaderValue"] == {"Fn::Sub": "{{resolve:secretsmanager:${EdgeSecretArn}:SecretString:secret}}"}
    made = written()["Resources"]["EdgeSecret"]["Properties"]
    assert made["Name"] == {"Fn::Sub": "${AWS::StackName}/edge/origin"}
    assert made["GenerateSecretString"]["PasswordLength"] >= 32
    assert refers(made["KmsKeyId"]) == "DataKey"


def test_the_firewall_counts_viewers_by_the_same_headers() -> None:
    rules = text(written()["Resources"]["Firewall"])
    assert set(re.findall(r"x-quanyi-\w+", rules)) == {EDGE, VIEWER}


@pytest.mark.parametrize("name", ["EdgeSecret", "Pages"])
def test_a_shop_without_pages_has_none_of_it(name: str) -> None:
    template = translated()
    assert template["Resources"][name]["Condition"] == "HasPages"
    assert template["Conditions"]["HasPages"] == {"Fn::Equals": [{"Ref": "WebPages"}, "yes"]}
    assert template["Parameters"]["WebPages"]["Default"] == "no"


def test_aws_china_never_reads_what_it_does_not_know() -> None:
    """CloudFormation refuses a template for a type that it does not know, whatever condition it stands under."""
    kinds = {one["Type"] for one in translated()["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::CloudFront::")}


def test_every_parameter_of_the_pages_is_given() -> None:
    given = written()["Resources"]["Pages"]["Properties"]["Parameters"]
    assert set(given) == set(load_template(PAGES_TEMPLATE)["Parameters"])
