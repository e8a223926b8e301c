"""The house rules about who may do what (IAM), read from the roles that SAM makes of template.yaml."""

import json
import re
from collections.abc import Iterator

from tests.house.template import Node, listed, refers, resources, statements, text

MANAGED = {
    "AWSLambdaBasicExecutionRole": "writes logs",
    "AWSXrayWriteOnlyAccess": "writes traces",
    "AWSXRayDaemonWriteAccess": "writes traces",
    "AWSLambdaDynamoDBExecutionRole": "SAM's, for a function that reads a table's stream",
    "AWSLambdaSQSQueueExecutionRole": "SAM's, for a function that reads a queue",
}
"""AWS's own policies that a role may have, and why."""

EVERYWHERE = {
    role: {
        "why": "Step Functions' log delivery knows no narrower resource",
        "actions": re.compile(r"logs:\w*(LogDeliver(y|ies)|ResourcePolic(y|ies)|LogGroups)$"),
    }
    for role in ("FulfilmentRole", "PurchasingRole")
}
"""Roles with statements on every resource, each with its reason and the only actions that has it for."""

CARD_KEYS = "card-batch"
MAY_OPEN_CARDS = {"FulfillRevealFunctionRole"}

MAY_WRITE_SUPPLIERS = {"SuppliersAdminFunctionRole", "SuppliersSyncFunctionRole"}

_READ, _WRITE = "GetSecretValue", frozenset({"GetSecretValue", "PutSecretValue", "CreateSecret"})
KEEPERS: dict[str, dict[str, frozenset[str]]] = {
    "payments": {
        **dict.fromkeys(
            (
                *("CheckoutFunctionRole", "CheckoutNotifyFunctionRole", "CheckoutSweepFunctionRole"),
                *("FulfillTasksFunctionRole", "TreasuryReportDeliveryFunctionRole"),
                *("CasesFunctionRole", "CasesSweepFunctionRole"),
                *("ReportsSettlementsFunctionRole", "ReportsFetchFunctionRole"),
            ),
            frozenset({_READ}),
        ),
        "TreasuryAdminFunctionRole": _WRITE,
    },
    "accounts": {
        **dict.fromkeys(
            (
                *("CheckoutSupplyFunctionRole", "FulfillRevealFunctionRole"),
                *("SupplyingServeFunctionRole", "SupplyingTellFunctionRole"),
            ),
            frozenset({_READ}),
        ),
        "SupplyingAdminFunctionRole": _WRITE,
    },
    "bots": {"NotifyBotsAdminFunctionRole": _WRITE, "NotifyBotsFunctionRole": frozenset({_READ})},
    "edge": {"AuthorizeFunctionRole": frozenset({_READ})},
    "issuers": {"RedeemIssuersFunctionRole": _WRITE, "RedeemSweepFunctionRole": frozenset({_READ})},
    "suppliers": {
        **dict.fromkeys(
            (
                *("ReorderTasksFunctionRole", "ReorderNotifyFunctionRole", "ReorderPurchasesFunctionRole"),
                *("ReorderSweepFunctionRole", "ReorderNightlyFunctionRole", "SuppliersSyncFunctionRole"),
                "SuppliersPricesFunctionRole",
                "CheckoutFunctionRole",
            ),
            frozenset({_READ}),
        ),
        "SuppliersAdminFunctionRole": _WRITE,
    },
}
"""Who talks to whom outside, by what the names of their secrets begin with, and what each may do with these."""


def every_action(translated: Node) -> list[str]:
    return [
        f"{role}: {action}"
        for role, statement in statements(translated)
        for action in listed(statement["Action"])
        if "*" in action or not re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action)
    ] + [
        f"{role}: NotAction"
        for role, statement in statements(translated)
        if {"NotAction", "NotResource"} & {*statement}
    ]


def every_resource(translated: Node) -> list[str]:
    wrong: list[str] = []
    for role, statement in statements(translated):
        if not any(_is_anything(resource) for resource in listed(statement["Resource"])):
            continue
        allowed = EVERYWHERE.get(role)
        wrong += [
            f"{role}: {action} on everything"
            for action in listed(statement["Action"])
            if not allowed or not re.search(allowed["actions"], action)  # type: ignore[call-overload]
        ]
    return wrong


def _is_anything(resource: Node) -> bool:
    written = resource if isinstance(resource, str) else json.dumps(resource)
    return written == "*" or bool(
        re.search(r":(table|key|bucket|function|stateMachine|queue|secret)/?:?\*\"?}?$", written)
    )


def foreign_policies(translated: Node) -> list[str]:
    wrong: list[str] = []
    for name, role in resources(translated, "AWS::IAM::Role").items():
        arns = [text(arn).rstrip('"}') for arn in role.get("ManagedPolicyArns", [])]
        wrong += [f"{name}: {arn}" for arn in arns if arn.rpartition("/")[2] not in MANAGED]
    return wrong


def vague_tables(translated: Node) -> list[str]:
    """Actions on tables that do not name one table, or one index that it has."""
    tables = resources(translated, "AWS::DynamoDB::Table")
    wrong: list[str] = []
    for role, statement in statements(translated):
        if not any(action.startswith("dynamodb:") for action in listed(statement["Action"])):
            continue
        for resource in listed(statement["Resource"]):
            table = refers(resource)
            index = re.search(r"/index/(.*)$", resource["Fn::Sub"]) if "Fn::Sub" in text(resource) else None
            known = {i["IndexName"] for i in tables.get(table or "", {}).get("GlobalSecondaryIndexes", [])}
            if table not in tables or (index and index[1] not in known):
                wrong.append(f"{role}: {text(resource)}")
    return wrong


def unconditional_decryption(translated: Node) -> list[str]:
    """`kms:Decrypt` that names neither the purpose of what is decrypted nor the service it is decrypted through."""
    return [
        f"{role}: {text(statement.get('Condition', {}))}"
        for role, statement in _decrypting(translated)
        if not (_equals(statement, "kms:EncryptionContext:purpose") or _equals(statement, "kms:ViaService"))
    ]


def opening_cards(translated: Node) -> list[str]:
    """Roles that may decrypt card keys, besides the one that may."""
    may = {
        role
        for role, statement in _decrypting(translated)
        if CARD_KEYS in _equals(statement, "kms:EncryptionContext:purpose")
    }
    wrong = sorted(may - MAY_OPEN_CARDS)
    return wrong + [f"{role} may not" for role in sorted(MAY_OPEN_CARDS - may)]


def reading_uploads(translated: Node) -> list[str]:
    """Roles that may decrypt uploaded files, besides the importers'. Which files each may get is S3's rule."""
    return [
        role
        for role, statement in _decrypting(translated)
        if "ImportKey" in [refers(resource) for resource in listed(statement["Resource"])]
        and role not in ("StockImportFunctionRole", "ReportsImportFunctionRole")
    ]


def knowing_credentials(translated: Node) -> list[str]:
    """Roles that may do with secrets what they need not, or with those of others than they talk to."""
    wrong: list[str] = []
    for role, statement in statements(translated):
        actions = [a.split(":")[1] for a in listed(statement["Action"]) if a.startswith("secretsmanager:")]
        for resource in listed(statement["Resource"]) if actions else ():
            kept = re.search(r":secret:\$\{AWS::StackName\}/([a-z]+)/\*\"", text(resource))
            may = KEEPERS.get(kept[1], {}).get(role, frozenset()) if kept else frozenset[str]()
            wrong += [f"{role}: {action} on {text(resource)}" for action in actions if action not in may]
    return wrong


def rewriting_suppliers(translated: Node) -> list[str]:
    """Roles that may write suppliers, besides those that set them up: where money goes, and who may call back. One that
    anybody may reach must not."""
    return [
        f"{role}: {action}"
        for role, statement in statements(translated)
        if "SUPPLIER#*" in text(statement.get("Condition", {})) and role not in MAY_WRITE_SUPPLIERS
        for action in listed(statement["Action"])
        if action.rpartition(":")[2] in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
    ]


def running_what_is_scheduled(translated: Node) -> list[str]:
    """Schedules whose role may not run their function, and functions that a role of schedules may run for none."""
    runs: dict[str | None, set[str | None]] = {}
    for schedule in resources(translated, "AWS::Scheduler::Schedule").values():
        runs.setdefault(refers(schedule["Target"]["RoleArn"]), set()).add(refers(schedule["Target"]["Arn"]))
    may: dict[str | None, set[str | None]] = {role: set() for role in runs}
    for role, statement in statements(translated):
        if role in runs and "lambda:InvokeFunction" in listed(statement["Action"]):
            may[role] |= {refers(resource) for resource in listed(statement["Resource"])}
    wrong = [f"{role} may not run {name}" for role in runs for name in sorted(map(str, runs[role] - may[role]))]
    return wrong + [f"{role} need not run {name}" for role in runs for name in sorted(map(str, may[role] - runs[role]))]


def _decrypting(translated: Node) -> Iterator[tuple[str, Node]]:
    for role, statement in statements(translated):
        if statement["Effect"] == "Allow" and "kms:Decrypt" in listed(statement["Action"]):
            yield role, statement


def _equals(statement: Node, key: str) -> list[str]:
    """The values that a condition of exact equality allows for a key that must be there."""
    return [str(value) for value in listed(statement.get("Condition", {}).get("StringEquals", {}).get(key, []))]
