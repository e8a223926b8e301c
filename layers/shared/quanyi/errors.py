"""Every refusal is a class that carries data, and has one HTTP status and one stable code, listed in its class.

A refusal (4xx) means: nothing was changed. `Busy` and `Unavailable` (503) mean: the same call again is safe.
`docs/errors.md` is the catalogue; the codes are part of the API.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel


class Refusal(Exception):
    """Base of all errors with a meaning to the caller. `detail` is one English sentence; `extra` goes beside it."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra: dict[str, Any] = extra
        self.retry_after: int | None = None
        """Seconds, where a refusal knows better than its class."""


class Malformed(Refusal):
    """The request cannot be read at all: not JSON, no body, a bad cursor."""

    status, code, title = 400, "malformed_request", "The request cannot be read"


class Invalid(Refusal):
    """The request reads well but breaks a rule; `extra["errors"]` lists fields where that helps."""

    status, code, title = 422, "invalid_request", "The request breaks a rule"


class TooLarge(Refusal):
    status, code, title = 413, "body_too_large", "The body is too large"


class Unauthenticated(Refusal):
    status, code, title = 401, "unauthenticated", "A valid credential is needed"


class Forbidden(Refusal):
    status, code, title = 403, "forbidden", "This credential may not do that"


class AddressNotAllowed(Refusal):
    """The credential has an allow-list of addresses, and the call came from another."""

    status, code, title = 403, "ip_not_allowed", "This credential may not be used from this address"


class NotFound(Refusal):
    """`NotFound("order")`; also given for what exists but isn't the caller's."""

    status, code, title = 404, "not_found", "Not found"

    def __init__(self, what: str) -> None:
        super().__init__(f"No such {what}.", resource=what)


class Conflict(Refusal):
    """The resource is in a state that does not allow this. `extra["state"]` names it where there is one."""

    status, code, title = 409, "conflict", "The resource's state does not allow this"


class KeyReused(Refusal):
    """An `Idempotency-Key` came again with another body."""

    status, code, title = 422, "idempotency_key_reused", "This Idempotency-Key was used with another body"


class Shortage(BaseModel):
    """How many of a SKU were wanted, and how many could be had."""

    sku: str
    wanted: int
    left: int


class SoldOut(Refusal):
    """Not enough stock; carries *every* shortage of the request."""

    status, code, title = 409, "sold_out", "Not enough stock"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__(
            "; ".join(f"{s.sku}: wanted {s.wanted}, left {s.left}" for s in shortages),
            shortages=[s.model_dump() for s in shortages],
        )
        self.shortages = list(shortages)


class OverLimit(Refusal):
    """A purchase limit of the SKU would be passed; `extra` lists every SKU with its limit and what was bought."""

    status, code, title = 409, "purchase_limit", "The purchase limit would be passed"


class NotOnSale(Refusal):
    """The SKU is unknown to this channel, archived, a draft, or outside its on-sale window."""

    status, code, title = 422, "not_on_sale", "Not on sale"

    def __init__(self, skus: Sequence[str]) -> None:
        super().__init__(f"Not on sale here: {', '.join(skus)}.", skus=list(skus))


class Throttled(Refusal):
    status, code, title = 429, "too_many_requests", "Too many requests"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class Busy(Refusal):
    """Contention or throttling below us; the same call again is safe and will get through."""

    status, code, title = 503, "busy", "Busy: try the same call again"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


def every_refusal() -> list[type[Refusal]]:
    """All refusal classes that have been imported, by status then code; a test keeps the codes unique."""

    def below(cls: type[Refusal]) -> list[type[Refusal]]:
        return [cls, *(found for child in cls.__subclasses__() for found in below(child))]

    return sorted(set(below(Refusal)) - {Refusal}, key=lambda cls: (cls.status, cls.code))
