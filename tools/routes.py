"""The routes that template.yaml opens at API Gateway, and the one of them that the gateway takes a call by."""

import re
from dataclasses import dataclass
from functools import cache

from tools.local.layout import TEMPLATE
from tools.translate import load_template

ANY = "ANY"

Call = tuple[str, str]
"""Method and path: as documented, with parameters in braces, or as sent."""


@dataclass(frozen=True)
class Route:
    """One API event of a function."""

    method: str
    path: str
    function: str
    """Its logical id."""
    module: str
    """Where its handler is: `catalog.admin`."""
    guarded: bool
    """Whether the gateway asks for a credential."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_greedy(self) -> bool:
        return self.path.endswith("+}")

    @property
    def is_open_ended(self) -> bool:
        """Whether it takes calls that it does not name."""
        return self.is_greedy or self.method == ANY

    @property
    def owned(self) -> str:
        """What an open-ended route takes all of: a path, or with a slash at its end all that is below."""
        return self.path[: self.path.rindex("{")] if self.is_greedy else self.path


@cache
def template_routes() -> tuple[Route, ...]:
    """Of every function, those of the sandbox among them."""
    return tuple(
        Route(
            method=event["Properties"]["Method"].upper(),
            path=event["Properties"]["Path"],
            function=name,
            module=resource["Properties"]["Handler"].rpartition(".")[0],
            guarded=event["Properties"].get("Auth", {}).get("Authorizer") != "NONE",
        )
        for name, resource in load_template(TEMPLATE)["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "Api"
    )


def taken_by(routes: tuple[Route, ...], call: Call) -> Route | None:
    """The route that the gateway takes a call by: at the first part where two differ, a literal goes before a parameter
    and that before `{proxy+}`; on one path, a method goes before `ANY`. None: the gateway answers 404 itself.

    (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html)
    """
    method, path = call
    fitting = [
        (rank, route.method == ANY, route)
        for route in routes
        if route.method in (method, ANY) and (rank := _rank(route.path, path)) is not None
    ]
    return min(fitting, key=lambda found: found[:2])[2] if fitting else None


def sent(call: Call) -> Call:
    """A documented call with something in its parameters that is no part of any path."""
    method, path = call
    return method, re.sub(r"\{\w+\}", "~", path)


_LITERAL, _PARAMETER, _GREEDY = range(3)


def _rank(pattern: str, path: str) -> tuple[int, ...] | None:
    """How exactly a route's path fits part by part, smaller is better; None if it does not."""
    parts, given = pattern.split("/"), path.split("/")
    ranks: list[int] = []
    for part, found in zip(parts, given, strict=False):
        if part.endswith("+}"):
            return (*ranks, _GREEDY)
        if part != found and not part.startswith("{"):
            return None
        ranks.append(_PARAMETER if part.startswith("{") else _LITERAL)
    return tuple(ranks) if len(parts) == len(given) else None
