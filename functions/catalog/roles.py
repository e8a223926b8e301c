"""Whom an entry point serves: checked once for all its routes, behind the gateway's own check."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from quanyi.callers import Role
from quanyi.http import CallerParam


def only(*roles: Role) -> Callable[..., Response[Any]]:
    """A middleware that refuses other roles (Forbidden)."""

    def check(app: APIGatewayRestResolver, next_middleware: NextMiddleware, caller: CallerParam) -> Response[Any]:
        caller.needs(*roles)
        return next_middleware(app)  # pyright: ignore[reportUnknownVariableType] - the library leaves it open

    return check
