"""template.yaml keeps the house rules. Each rule is broken once on a copy, to see that it notices."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.house import infrastructure, rights
from tests.house.sources import ROOT
from tests.house.template import Node, functions, resources, statements, text, translated, written

TEXTS = [ROOT / "template.yaml", *sorted((ROOT / "functions").glob("*/*.asl.json"))]


def workflow() -> Node:
    return json.loads((ROOT / "functions/fulfill/workflow.asl.json").read_text())


def outlasting_the_gateway(template: Node) -> list[str]:
    return infrastructure.outlasting_the_gateway(written(), template)


def outlasting_their_task(template: Node) -> list[str]:
    return infrastructure.outlasting_their_task(written(), template, workflow())


RULES: dict[Callable[[Node], list[str]], Callable[[], Node]] = {
    infrastructure.too_many_resources: translated,
    infrastructure.without_retention: translated,
    infrastructure.without_failure_destination: translated,
    outlasting_the_gateway: translated,
    outlasting_their_task: translated,
    infrastructure.outlasting_their_message: translated,
    infrastructure.outlasting_their_minute: translated,
    infrastructure.unguarded_tables: translated,
    infrastructure.unguarded_keys: translated,
    infrastructure.open_buckets: translated,
    infrastructure.shallow_lakes: translated,
    infrastructure.leaky_buckets: translated,
    infrastructure.sandbox_in_production: written,
    infrastructure.outputs_that_tell: written,
    infrastructure.schedules_without_a_zone: translated,
    infrastructure.alarms_that_never_ring: written,
    infrastructure.informal_refusals: written,
    rights.every_action: translated,
    rights.every_resource: translated,
    rights.foreign_policies: translated,
    rights.vague_tables: translated,
    rights.unconditional_decryption: translated,
    rights.opening_cards: translated,
    rights.reading_uploads: translated,
    rights.knowing_credentials: translated,
    rights.rewriting_suppliers: translated,
    rights.running_what_is_scheduled: translated,
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_holds(rule: Callable[[Node], list[str]]) -> None:
    assert rule(RULES[rule]()) == []


def props(template: Node, name: str) -> Node:
    return template["Resources"][name]["Properties"]


def allow(template: Node, role: str, action: str, resource: Any, condition: Any = None) -> None:
    """One more right for a role."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource} | (
        {"Condition": condition} if condition else {}
    )
    policy = {"PolicyName": "more", "PolicyDocument": {"Statement": [statement]}}
    props(template, role)["Policies"].append(policy)


SECRETS = {"Fn::Sub": "arn:x:secretsmanager:x:x:secret:${AWS::StackName}/payments/*"}
CARDS, VAULT = {"Fn::GetAtt": ["CardsTable", "Arn"]}, {"Fn::GetAtt": ["VaultKey", "Arn"]}
PURPOSE = "kms:EncryptionContext:purpose"

BREAKS: list[tuple[Callable[[Node], list[str]], str, Callable[[Node], Any]]] = [
    (
        infrastructure.too_many_resources,
        "too many",
        lambda t: t["Resources"].update({f"Q{n}": {"Type": "AWS::SQS::Queue"} for n in range(400)}),
    ),
    (
        infrastructure.without_retention,
        "a group for ever",
        lambda t: props(t, "Logs").pop("RetentionInDays"),
    ),
    (
        infrastructure.without_retention,
        "Lambda's own group",
        lambda t: props(t, "CheckoutFunction").pop("LoggingConfig"),
    ),
    (
        infrastructure.without_failure_destination,
        "no dead letters",
        lambda t: props(t, "CheckoutFunction").pop("DeadLetterConfig"),
    ),
    (
        infrastructure.without_failure_destination,
        "a stream's failures lost",
        lambda t: props(t, "FulfillServeFunctionBacklogServed").pop("DestinationConfig"),
    ),
    (
        infrastructure.without_failure_destination,
        "a queue that never gives up",
        lambda t: props(t, "ImportQueue").pop("RedrivePolicy"),
    ),
    (
        infrastructure.without_failure_destination,
        "a schedule's failures lost",
        lambda t: props(t, "CheckoutSweepFunctionSchedule")["Target"].pop("DeadLetterConfig"),
    ),
    (outlasting_the_gateway, "a route", lambda t: props(t, "CheckoutFunction").update(Timeout=29)),
    (outlasting_the_gateway, "the authorizer", lambda t: props(t, "AuthorizeFunction").update(Timeout=30)),
    (outlasting_their_task, "the tasks", lambda t: props(t, "FulfillTasksFunction").update(Timeout=60)),
    (
        infrastructure.outlasting_their_message,
        "an import",
        lambda t: props(t, "ImportQueue").update(VisibilityTimeout=299),
    ),
    (
        infrastructure.outlasting_their_minute,
        "a sweep",
        lambda t: props(t, "CheckoutSweepFunction").update(Timeout=60),
    ),
    (
        infrastructure.unguarded_tables,
        "no recovery",
        lambda t: props(t, "CardsTable").pop("PointInTimeRecoverySpecification"),
    ),
    (
        infrastructure.unguarded_tables,
        "AWS's key",
        lambda t: props(t, "CardsTable").update(SSESpecification={"SSEEnabled": True}),
    ),
    (
        infrastructure.unguarded_tables,
        "gone with the stack",
        lambda t: t["Resources"]["OrdersTable"].update(DeletionPolicy="Delete"),
    ),
    (
        infrastructure.unguarded_tables,
        "unprotected",
        lambda t: props(t, "OrdersTable").update(DeletionProtectionEnabled=False),
    ),
    (infrastructure.unguarded_keys, "gone", lambda t: t["Resources"]["VaultKey"].pop("DeletionPolicy")),
    (
        infrastructure.open_buckets,
        "public",
        lambda t: props(t, "ImportBucket")["PublicAccessBlockConfiguration"].update(BlockPublicAcls=False),
    ),
    (
        infrastructure.leaky_buckets,
        "versioned",
        lambda t: props(t, "ImportBucket").update(VersioningConfiguration={"Status": "Enabled"}),
    ),
    (
        infrastructure.leaky_buckets,
        "kept for a week",
        lambda t: props(t, "ImportBucket")["LifecycleConfiguration"]["Rules"][0].update(ExpirationInDays=7),
    ),
    (
        infrastructure.leaky_buckets,
        "scratch that stays",
        lambda t: props(t, "ScratchBucket")["LifecycleConfiguration"]["Rules"][0].update(Prefix="given/"),
    ),
    (infrastructure.open_buckets, "without TLS", lambda t: t["Resources"].pop("LakeBucketPolicy")),
    (infrastructure.open_buckets, "AWS's key", lambda t: props(t, "LakeBucket").pop("BucketEncryption")),
    (
        infrastructure.shallow_lakes,
        "gone with the stack",
        lambda t: t["Resources"]["LakeBucket"].update(DeletionPolicy="Delete"),
    ),
    (
        infrastructure.shallow_lakes,
        "overwritten",
        lambda t: props(t, "LakeBucket").pop("VersioningConfiguration"),
    ),
    (
        infrastructure.shallow_lakes,
        "forgotten",
        lambda t: props(t, "LakeBucket")["LifecycleConfiguration"]["Rules"][0].update(ExpirationInDays=365),
    ),
    (
        infrastructure.sandbox_in_production,
        "everywhere",
        lambda t: t["Resources"]["CheckoutSandboxFunction"].pop("Condition"),
    ),
    (
        infrastructure.sandbox_in_production,
        "a dangling name",
        lambda t: props(t, "CheckoutNotifyFunction")["Environment"]["Variables"].update(
            SANDBOX_TABLE={"Ref": "SandboxTable"}
        ),
    ),
    (
        infrastructure.sandbox_in_production,
        "a condition that lets production in",
        lambda t: t["Conditions"].update(HasSandbox={"Fn::Equals": [1, 1]}),
    ),
    (infrastructure.outputs_that_tell, "a key", lambda t: t["Outputs"].update(OperatorToken={"Value": "x"})),
    (
        infrastructure.alarms_that_never_ring,
        "a metric that is not counted",
        lambda t: props(t, "ForgedCallbacks").update(MetricName="ForgedCalls"),
    ),
    (
        infrastructure.alarms_that_never_ring,
        "one supplier's alone",
        lambda t: props(t, "ForgedCallbacks").update(Dimensions=[{"Name": "supplier", "Value": "acme"}]),
    ),
    (
        infrastructure.alarms_that_never_ring,
        "a workflow that fails unheard",
        lambda t: t["Resources"].pop("PurchasesFailing"),
    ),
    (
        infrastructure.schedules_without_a_zone,
        "in UTC",
        lambda t: props(t, "StockRecountFunctionNightly").pop("ScheduleExpressionTimezone"),
    ),
    (
        infrastructure.informal_refusals,
        "the gateway's own words",
        lambda t: props(t, "ShopApi")["GatewayResponses"].pop("UNAUTHORIZED"),
    ),
    (
        infrastructure.informal_refusals,
        "another status",
        lambda t: props(t, "ShopApi")["GatewayResponses"]["ACCESS_DENIED"].update(StatusCode=401),
    ),
    (
        infrastructure.informal_refusals,
        "the firewall's own 403",
        lambda t: props(t, "Firewall")["Rules"][0].update(Action={"Block": {}}),
    ),
    (rights.every_action, "all of a service", lambda t: allow(t, "CheckoutFunctionRole", "dynamodb:*", CARDS)),
    (rights.every_action, "a prefix", lambda t: allow(t, "CheckoutFunctionRole", "kms:Generate*", VAULT)),
    (rights.every_resource, "anything", lambda t: allow(t, "CheckoutFunctionRole", "kms:Encrypt", "*")),
    (rights.every_resource, "more in the workflow", lambda t: allow(t, "FulfilmentRole", "lambda:InvokeFunction", "*")),
    (
        rights.every_resource,
        "any table",
        lambda t: allow(
            t, "CheckoutFunctionRole", "dynamodb:GetItem", {"Fn::Sub": "arn:${AWS::Partition}:dynamodb:a:b:table/*"}
        ),
    ),
    (
        rights.foreign_policies,
        "an administrator",
        lambda t: props(t, "CheckoutFunctionRole")["ManagedPolicyArns"].append(
            "arn:aws:iam::aws:policy/AdministratorAccess"
        ),
    ),
    (
        rights.vague_tables,
        "all indexes",
        lambda t: allow(t, "CheckoutFunctionRole", "dynamodb:Query", {"Fn::Sub": "${CardsTable.Arn}/index/*"}),
    ),
    (
        rights.unconditional_decryption,
        "any purpose",
        lambda t: allow(t, "CheckoutFunctionRole", "kms:Decrypt", VAULT),
    ),
    (
        rights.unconditional_decryption,
        "if there is one",
        lambda t: allow(t, "CheckoutFunctionRole", "kms:Decrypt", VAULT, {"StringEqualsIfExists": {PURPOSE: "member"}}),
    ),
    (
        rights.rewriting_suppliers,
        "another sets suppliers up",
        lambda t: allow(
            t,
            "ReorderNotifyFunctionRole",
            "dynamodb:UpdateItem",
            {"Fn::GetAtt": ["SupplyTable", "Arn"]},
            {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["PO#*", "SUPPLIER#*"]}},
        ),
    ),
    (
        rights.opening_cards,
        "another opens cards",
        lambda t: allow(
            t, "CheckoutFunctionRole", "kms:Decrypt", VAULT, {"StringEquals": {PURPOSE: ["member", "card-batch"]}}
        ),
    ),
    (
        rights.reading_uploads,
        "another reads files",
        lambda t: allow(
            t,
            "StockAdminFunctionRole",
            "kms:Decrypt",
            {"Fn::GetAtt": ["ImportKey", "Arn"]},
            {"StringEquals": {"kms:ViaService": "s3"}},
        ),
    ),
    (
        rights.knowing_credentials,
        "another reads them",
        lambda t: allow(t, "CatalogAdminFunctionRole", "secretsmanager:GetSecretValue", SECRETS),
    ),
    (
        rights.knowing_credentials,
        "the sync writes suppliers'",
        lambda t: allow(
            t,
            "SuppliersSyncFunctionRole",
            "secretsmanager:PutSecretValue",
            {"Fn::Sub": "arn:x:secretsmanager:x:x:secret:${AWS::StackName}/suppliers/*"},
        ),
    ),
    (
        rights.knowing_credentials,
        "suppliers' rooms read payments'",
        lambda t: allow(t, "SuppliersAdminFunctionRole", "secretsmanager:GetSecretValue", SECRETS),
    ),
    (
        rights.knowing_credentials,
        "checkout writes them",
        lambda t: allow(t, "CheckoutFunctionRole", "secretsmanager:PutSecretValue", SECRETS),
    ),
    (
        rights.knowing_credentials,
        "any secret of the stack",
        lambda t: allow(
            t,
            "CheckoutFunctionRole",
            "secretsmanager:GetSecretValue",
            {"Fn::Sub": "arn:x:secretsmanager:x:x:secret:${AWS::StackName}/*"},
        ),
    ),
    (
        rights.running_what_is_scheduled,
        "a sweep that never runs",
        lambda t: props(t, "ScheduleRole")["Policies"][0]["PolicyDocument"]["Statement"][0]["Resource"].pop(),
    ),
    (
        rights.running_what_is_scheduled,
        "a function without a schedule",
        lambda t: allow(t, "ScheduleRole", "lambda:InvokeFunction", {"Fn::GetAtt": ["FulfillRevealFunction", "Arn"]}),
    ),
]


@pytest.mark.parametrize(
    ("rule", "broken"), [pytest.param(rule, by, id=f"{rule.__name__}: {how}") for rule, how, by in BREAKS]
)
def test_can_fail(rule: Callable[[Node], list[str]], broken: Callable[[Node], Any]) -> None:
    template = RULES[rule]()
    broken(template)
    assert len(rule(template)) >= 1


def test_nothing_names_a_partition_or_an_account() -> None:
    assert infrastructure.tied_to_one_partition({path.name: path.read_text() for path in TEXTS}) == []
    assert infrastructure.tied_to_one_partition({"x": "a\n  Arn: arn:aws:s3:::b\n", "y": "!Sub 123456789012.dkr"})


def test_every_exception_is_in_use() -> None:
    template = translated()
    assert set(rights.EVERYWHERE) <= set(resources(template, "AWS::IAM::Role"))
    roles = {f"{name}Role" for name in functions(template)}
    kept = {role for keepers in rights.KEEPERS.values() for role in keepers}
    assert roles > rights.MAY_OPEN_CARDS | kept
    reading = {role for role, statement in statements(template) if "secretsmanager:" in text(statement["Action"])}
    assert reading == kept


def test_sam_would_lint_as_we_do() -> None:
    """By the same version, so that `make lint` need not ask it to."""
    pinned = [
        {line.split()[0] for line in (ROOT / f"requirements/{name}.txt").read_text().splitlines() if "==" in line}
        for name in ("sam", "dev")
    ]
    both = {pin.partition("==")[0] for pin in pinned[0] & pinned[1]}
    assert {"cfn-lint", "aws-sam-translator"} <= both
