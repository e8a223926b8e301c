"""The HTTP face every function shares: validation, problem+json (RFC 9457), the caller, and one log line a request.

A handler module makes its `app = rest_api()`, declares routes, and ends with `handler = entry(app)`. Request models
derive from `Body`, so unknown fields are refused; answers are models too, so OpenAPI tells the truth.
"""

import os
from collections.abc import Callable
from functools import cache, partial
from http import HTTPStatus
from json import dumps
from threading import Lock
from typing import Annotated, Any, TypeVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.depends import Depends
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from aws_lambda_powertools.event_handler.request import Request
from pydantic import BaseModel, ConfigDict

from quanyi.callers import Caller
from quanyi.errors import Invalid, Malformed, NotFound, Refusal, TooLarge, Unauthenticated
from quanyi.viewer import placed

MAX_BODY = 256 * 1024
"""Bytes; a place-order of 1,000 lines is below 100 KB."""

PROBLEM = "application/problem+json"
_first = Lock()


class Body(BaseModel):
    """Base of request bodies: unknown fields are refused, and errors never repeat what was sent."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)


class View(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(frozen=True)


ViewT = TypeVar("ViewT", bound=View)


IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[\x21-\x7e]+$",
        description="The caller's own number for this creation; the same key again answers the first answer.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=100, description="Items a page")]
Cursor = Annotated[str | None, Query(max_length=2048, description="`next` of the page before")]


def caller_of(request: Request) -> Caller:
    """The caller as the authorizer described it. Raises Unauthenticated where no authorizer ran, AddressNotAllowed."""
    context: dict[str, Any] = request.resolved_event.raw_event.get("requestContext") or {}
    authorizer: dict[str, str] = context.get("authorizer") or {}
    identity: dict[str, str] = context.get("identity") or {}
    if not authorizer.get("role"):
        raise Unauthenticated("This call needs a credential in `Authorization: Bearer ...`.")
    caller = Caller.from_context(authorizer, identity.get("sourceIp") or "")
    caller.must_be_at_home()
    return caller


def api_url(request: Request) -> str:
    """The API this call came through, without a slash at the end: asked from the call, since a function can't know its
    own API's address."""
    event = request.resolved_event.raw_event
    context: dict[str, str] = event["requestContext"]
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):  # a local AWS serves every API under its own address
        return f"{endpoint}/_aws/execute-api/{context['apiId']}/{context['stage']}"
    # The stage, or the base path of a custom domain, stands before the resource's own path.
    whole, own = context.get("path", ""), str(event.get("path", ""))
    return f"https://{context.get('domainName', '')}{whole.removesuffix(own)}"


CallerParam = Annotated[Caller, Depends(caller_of)]


class RestApi(APIGatewayRestResolver):
    """Tells of the last call which of its routes took it: the event of a call below a noun names only the noun."""

    taken: str | None = None
    """The route's path with its parameters in braces; None if no route took the call."""

    def clear_context(self) -> None:
        try:
            self.taken = self.request.route
        except RuntimeError:  # the call was not even looked at
            self.taken = None
        if self.context.get("missed"):  # what was asked for may be anything, a secret too: not for the log
            self.taken = None
        super().clear_context()


def rest_api() -> RestApi:
    """A resolver that validates both ways and turns every refusal into problem+json."""
    app = RestApi(
        enable_validation=True,
        response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        # 中文 as it is: a third of the bytes of its escapes, and it can be read in a terminal.
        serializer=partial(dumps, separators=(",", ":"), ensure_ascii=False),
    )

    @app.exception_handler(Refusal)
    def refused(refusal: Refusal) -> Response[str]:
        return problem(refusal)

    @app.exception_handler(RequestValidationError)
    def invalid(error: RequestValidationError) -> Response[str]:
        found = error.errors()
        if any(e.get("type") == "json_invalid" for e in found):
            return problem(Malformed("The body is not JSON."))
        fields = [{"field": ".".join(map(str, e["loc"])), "code": e["type"], "message": e["msg"]} for e in found]
        return problem(Invalid("Some fields are missing, unknown or out of range.", errors=fields))

    @app.exception_handler(ResponseValidationError)
    def untrue(error: ResponseValidationError) -> Response[str]:
        # Only places and kinds of the mismatch: the answer itself may hold a secret.
        log().error("answer does not fit its model", extra={"errors": [(e["loc"], e["type"]) for e in error.errors()]})
        return _fault()

    @app.not_found
    def no_route(error: NotFoundError) -> Response[str]:
        app.append_context(missed=True)
        return problem(NotFound("route"))

    return app


def created(view: ViewT) -> Response[ViewT]:
    """201: something was made (or had been made by the same call before). Never kept by a cache."""
    return Response(HTTPStatus.CREATED, "application/json", view, headers={"Cache-Control": "no-store"})


def problem(refusal: Refusal) -> Response[str]:
    body = {
        "type": f"https://quanyi.dev/errors#{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
        **refusal.extra,
    }
    headers = dict(refusal.headers)
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    return Response(refusal.status, PROBLEM, dumps(body, ensure_ascii=False), headers=headers)


def entry(app: RestApi) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The Lambda handler of `app`: bounds the body, never lets a fault's text out, logs one line, adds CORS."""

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        taken: str | None = None
        who = _authorizer(event)
        event = placed(event, (who.get("edge") or "").split())
        if len(event.get("body") or "") > MAX_BODY:
            answer = _rendered(problem(TooLarge(f"At most {MAX_BODY} bytes.")))
        else:
            try:
                answer = app.resolve(event, context)
            except RecursionError:
                answer = _rendered(problem(Malformed("The body is nested too deeply.")))
            except Exception as fault:  # noqa: BLE001 - answered as 500, logged by class and place
                # The class and place only: a message can quote what was being handled.
                log().error("fault", extra={"fault": type(fault).__name__, "at": place(fault)})
                answer = _rendered(_fault())
            taken = app.taken
        _allow_origin(event, who, answer)
        log().info(
            "request",
            extra={
                "route": f"{event.get('httpMethod')} {taken or event.get('resource')}",
                "status": answer["statusCode"],
                "caller": who.get("key_id"),
            },
        )
        return answer

    return handler


def place(fault: BaseException) -> str:
    """Where a fault arose, `module:line` innermost last, without its message or any value."""
    steps: list[str] = []
    trace = fault.__traceback__
    while trace:
        steps.append(f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " ".join(step for step in steps if not step.startswith(("aws_lambda_powertools", "botocore")))


def log() -> Logger:
    """The function's logger (JSON to stdout); made on first use because it reads the environment.

    One thread makes it: two makers at once give a line twice, or the later one an `AttributeError`.
    """
    with _first:
        return _logger()


@cache
def _logger() -> Logger:
    return Logger(use_rfc3339=True, utc=True)


def _fault() -> Response[str]:
    body = {"type": "about:blank", "title": "A fault of ours", "status": 500, "code": "internal_fault"}
    return Response(500, PROBLEM, dumps({**body, "detail": "Nothing was lost: the same call again is safe."}))


def _rendered(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": response.status_code,
        "multiValueHeaders": {k: v if isinstance(v, list) else [v] for k, v in response.headers.items()},
        "body": response.body,
        "isBase64Encoded": False,
    }


def _authorizer(event: dict[str, Any]) -> dict[str, str]:
    context: dict[str, Any] = event.get("requestContext") or {}
    return context.get("authorizer") or {}


def _allow_origin(event: dict[str, Any], who: dict[str, str], answer: dict[str, Any]) -> None:
    """A browser may read the answer only from an origin that the credential's channel lists."""
    sent: dict[str, str] = event.get("headers") or {}
    headers = {name.lower(): value for name, value in sent.items()}
    if (origin := headers.get("origin")) and origin in (who.get("origins") or "").split():
        answer.setdefault("multiValueHeaders", {}).update(
            {"Access-Control-Allow-Origin": [origin], "Vary": ["Origin"], "Access-Control-Max-Age": ["600"]}
        )
