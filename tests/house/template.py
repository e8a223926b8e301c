"""template.yaml as the house rules look at it: as it is written, and as CloudFormation gets it from SAM."""

import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

from tools.local.layout import TEMPLATE
from tools.translate import load_template, translate

Node: TypeAlias = Any
"""Part of a template: mappings, lists and scalars, intrinsic functions written out."""


@cache
def _written() -> Node:
    return load_template(TEMPLATE)


@cache
def _translated() -> Node:
    return translate(TEMPLATE)


def written() -> Node:
    """Fresh, to be broken by a test."""
    return copy.deepcopy(_written())


def translated() -> Node:
    return copy.deepcopy(_translated())


def resources(template: Node, kind: str) -> dict[str, Node]:
    """Properties by logical id, of one type."""
    found = template["Resources"].items()
    return {name: resource.get("Properties", {}) for name, resource in found if resource["Type"] == kind}


def functions(template: Node) -> dict[str, Node]:
    return resources(template, "AWS::Lambda::Function")


def listed(value: Node) -> list[Node]:
    return value if isinstance(value, list) else [value]


def text(node: Node) -> str:
    return json.dumps(node, sort_keys=True)


def refers(node: Node) -> str | None:
    """The logical id behind `!Ref`, `!GetAtt` or a `!Sub` of one attribute."""
    if not isinstance(node, dict):
        return None
    match node:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), *_]}:
            return name
        case {"Fn::Sub": str(name)} if name.startswith("${"):
            return name[2:].split("}")[0].split(".")[0]
        case _:
            return None


def statements(template: Node) -> Iterator[tuple[str, Node]]:
    """Every statement of every role's own policies, with the role's logical id; those behind a condition too."""
    for name, role in resources(template, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            chosen = policy["Fn::If"][1] if "Fn::If" in policy else policy
            for statement in listed(chosen["PolicyDocument"]["Statement"]):
                yield name, statement


def walk(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every node with the keys that lead to it."""
    yield path, node
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in inside:
        yield from walk(child, (*path, str(key)))
