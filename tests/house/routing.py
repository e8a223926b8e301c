"""The house rules about routes: what is documented, what template.yaml opens, and whom it reaches.

`served` names the module that serves each documented call.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from tests.house.template import Node, resources
from tools.routes import Call, Route, sent, taken_by

Routes = tuple[Route, ...]
Served = Mapping[Call, str]
Rule = Callable[[Routes, Served], list[str]]


def unreached(routes: Routes, served: Served) -> list[str]:
    """Documented calls that the gateway does not know, or that reach another function than the one that serves them."""
    wrong: list[str] = []
    for call, module in served.items():
        taken = taken_by(routes, sent(call))
        if taken is None or taken.module != module:
            wrong.append(f"{' '.join(call)} reaches {taken.module if taken else 'nothing'} instead of {module}")
    return wrong


def undocumented(routes: Routes, served: Served) -> list[str]:
    """Routes that take no documented call; those that name one call must name it as it is documented."""
    used = {taken_by(routes, sent(call)) for call in served}
    return [
        str(route)
        for route in routes
        if not (route in used if route.is_open_ended else (route.method, route.path) in served)
    ]


def open_ended_for_all(routes: Routes, _served: Served) -> list[str]:
    """Routes that ask for no credential and take more than they name: there the authorizer's table refuses nothing."""
    return [str(route) for route in routes if route.is_open_ended and not route.guarded]


def owned_by_two(routes: Routes, served: Served) -> list[str]:
    """Routes inside what an open-ended route takes all of: which of the two takes a call would depend on its method.
    A path without parameters may be left out of it that has one documented call, and none below."""
    return [
        f"{inner} is inside {outer}"
        for outer in routes
        for inner in routes
        if inner is not outer
        and outer.is_open_ended
        and (inner.path.startswith(outer.owned) if outer.is_greedy else inner.path == outer.owned)
        and not (outer.is_greedy and _is_left_out(inner, served))
    ]


def _is_left_out(route: Route, served: Served) -> bool:
    here = [call for call in served if f"{call[1]}/".startswith(f"{route.path}/")]
    return "{" not in route.path and here == [(route.method, route.path)]


def opened_in_vain(routes: Routes, served: Served) -> list[str]:
    """Open-ended routes for a single call, which could be named: naming costs as much and lets nothing else in."""
    taken = Counter(taken_by(routes, sent(call)) for call in served)
    return [str(route) for route in routes if route.is_open_ended and taken[route] == 1]


def throttled_nowhere(written: Node, routes: Routes) -> list[str]:
    """Throttles of single methods that no route has: the gateway matches them by the route's own method and path."""
    names = {(route.method, route.path) for route in routes}
    return [
        f"{setting['HttpMethod']} {setting['ResourcePath']}"
        for api in resources(written, "AWS::Serverless::Api").values()
        for setting in api["MethodSettings"]
        if (setting["HttpMethod"], setting["ResourcePath"]) not in {*names, ("*", "/*")}
    ]
