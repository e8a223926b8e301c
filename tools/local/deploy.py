"""Deploy the built template.yaml, unchanged, with the genuine `sam deploy`, and read back what it is."""

from collections.abc import Mapping
from json import dumps

from botocore.exceptions import ClientError
from mypy_boto3_cloudformation.type_defs import StackTypeDef

from tools.local.build import PACKED_TEMPLATE, build, building, run_sam
from tools.local.cloud import Cloud
from tools.local.layout import CREDENTIALS, REGION, STACK_NAME

ARTIFACTS_BUCKET = "quanyi-artifacts"
SENDER = "shop@example.com"
PARAMETERS = {"Stage": "local", "MailSender": SENDER}


class NotDeployed(Exception):
    """The stack is not there, or is in no state to be used."""


def links_to(edge_url: str) -> dict[str, str]:
    """Parameters by which mails lead to the pages on that origin, and the console's pages may upload."""
    return {
        "ConsoleOrigin": edge_url,
        "ClaimUrl": f"{edge_url}/claim/{{order}}#{{token}}",
        "StaffUrl": f"{edge_url}/console/{{what}}/{{id}}",
    }


def deploy(cloud: Cloud, more: Mapping[str, str] | None = None) -> bool:
    """Makes the stack what the sources and the parameters say, `more` beside those of every local deployment. Returns
    whether it had to do anything. Raises BuildFailed."""
    parameters = {**PARAMETERS, **(more or {})}
    with building():
        wanted = f"{build()} {dumps(parameters, sort_keys=True)}"
        deployed = cloud.home.deployed
        if deployed.exists() and deployed.read_text() == wanted and _is_complete(cloud):
            return False
        deployed.unlink(missing_ok=True)
        cloud.session.client("s3", endpoint_url=cloud.endpoint).create_bucket(Bucket=ARTIFACTS_BUCKET)
        run_sam(
            "deploy",
            *("--template-file", str(PACKED_TEMPLATE), "--use-json"),
            *("--stack-name", STACK_NAME, "--s3-bucket", ARTIFACTS_BUCKET, "--region", REGION),
            *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
            *("--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())),
            AWS_ENDPOINT_URL=cloud.endpoint,
            **CREDENTIALS,
        )
        # As a merchant does once for the address that mails come from.
        cloud.session.client("ses", endpoint_url=cloud.endpoint).verify_email_identity(EmailAddress=SENDER)
        if not _is_complete(cloud):
            raise NotDeployed(f"{STACK_NAME} is {_describe(cloud).get('StackStatus')}")
        deployed.write_text(wanted)
    return True


def outputs(cloud: Cloud) -> dict[str, str]:
    """The stack's outputs by key. Raises NotDeployed."""
    found = _describe(cloud).get("Outputs", [])
    return {output.get("OutputKey", ""): output.get("OutputValue", "") for output in found}


def resources(cloud: Cloud) -> dict[str, str]:
    """Physical ids by logical id. Raises NotDeployed."""
    _describe(cloud)
    client = cloud.session.client("cloudformation", endpoint_url=cloud.endpoint)
    pages = client.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    return {
        item["LogicalResourceId"]: item.get("PhysicalResourceId", "")
        for page in pages
        for item in page["StackResourceSummaries"]
    }


def api_url(cloud: Cloud) -> str:
    """Where the REST API answers. A new deployment can move it: read it again after each. Raises NotDeployed."""
    apis = cloud.session.client("apigateway", endpoint_url=cloud.endpoint)
    physical = set(resources(cloud).values())
    found = [name for api in apis.get_rest_apis(limit=500)["items"] if (name := api.get("id", "")) in physical]
    if len(found) != 1:
        raise NotDeployed(f"expected one REST API in {STACK_NAME}, found {found}")
    stages = apis.get_stages(restApiId=found[0])["item"]
    # The stage may be one that SAM adds unasked for, beside the one that the template names.
    names = sorted((stage.get("stageName", "") for stage in stages), key=lambda name: name == "Stage")
    return f"{cloud.endpoint}/_aws/execute-api/{found[0]}/{names[0]}"


def _describe(cloud: Cloud) -> StackTypeDef:
    client = cloud.session.client("cloudformation", endpoint_url=cloud.endpoint)
    try:
        return client.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except ClientError as error:
        raise NotDeployed(f"{STACK_NAME}: {error}") from error


def _is_complete(cloud: Cloud) -> bool:
    try:
        return _describe(cloud)["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    except NotDeployed:
        return False
