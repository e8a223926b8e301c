"""What a merchant enters for Stripe (https://docs.stripe.com/keys), checked as far as it goes without asking it."""

import re
from collections.abc import Iterator, Mapping

from quanyi.errors import Invalid
from quanyi.payments.access import Access
from quanyi.secret import Secret

REQUIRED_ACCOUNT = ("publishable_key",)
REQUIRED_SECRETS = ("secret_key", "webhook_secret")

_FORMS = {
    "publishable_key": re.compile(r"pk_(test|live)_[A-Za-z0-9]{8,250}"),
    "secret_key": re.compile(r"[sr]k_(test|live)_[A-Za-z0-9]{8,250}"),
    "webhook_secret": re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,250}"),
    "account_id": re.compile(r"acct_[A-Za-z0-9]{8,250}"),
}


def check(access: Access) -> None:
    """Raises Invalid, naming each field that is missing, does not look like Stripe's, or is of another mode (test or
    live) than the rest; never a value."""
    wrong: list[str] = []
    modes: set[str] = set()
    for field, value in _entered(access):
        match = _FORMS[field].fullmatch(value)
        if match is None:
            wrong.append(field)
        elif match.groups():
            modes.add(match[1])
    if not access.secrets:
        wrong += REQUIRED_SECRETS
    if wrong:
        raise Invalid(
            f"These cannot be Stripe's: {', '.join(dict.fromkeys(wrong))}.",
            reason="credentials_invalid",
            errors=[{"field": field, "code": "credential_invalid"} for field in dict.fromkeys(wrong)],
        )
    if len(modes) > 1:
        raise Invalid(
            "publishable_key and secret_key are of different modes, test and live.",
            reason="credentials_invalid",
            errors=[{"field": field, "code": "mixed_modes"} for field in ("publishable_key", "secret_key")],
        )


def is_live(version: Mapping[str, Secret]) -> bool:
    """Whether these secrets are of real money."""
    return version["secret_key"].reveal()[3:].startswith("live_")


def _entered(access: Access) -> Iterator[tuple[str, str]]:
    for field in REQUIRED_ACCOUNT:
        yield field, access.account.get(field, "")
    if access.account.get("account_id"):
        yield "account_id", access.account["account_id"]
    for version in access.secrets:
        for field in REQUIRED_SECRETS:
            yield field, version[field].reveal() if field in version else ""
