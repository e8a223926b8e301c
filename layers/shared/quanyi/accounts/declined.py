"""Refusals in the words of our open contract (`docs/supply-contract.md`): what a buyer can tell apart."""

from collections.abc import Mapping

STATUSES: Mapping[str, int] = {
    "account_disabled": 403,
    "not_on_sale": 404,
    "not_found": 404,
    "bad_quantity": 422,
    "bad_account": 422,
    "other_currency": 422,
    "invalid_request": 422,
    "too_many_requests": 429,
}
"""Those of the others are 409."""


class Declined(Exception):
    """Nothing was done, and nothing will be. `key` is the order's, where it is one that is not known."""

    def __init__(self, code: str, key: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.key = key

    @property
    def status(self) -> int:
        return STATUSES.get(self.code, 409)
