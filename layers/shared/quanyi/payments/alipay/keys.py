"""The merchant's keys: read once here, so that a wrong one is found when it is saved and not when a shopper pays."""

import re
from base64 import b64decode
from collections.abc import Mapping

from quanyi.errors import Invalid
from quanyi.payments.access import Access
from quanyi.payments.alipay import REQUIRED_ACCOUNT, REQUIRED_SECRETS
from quanyi.secret import Secret

LEAST_BITS = 2048
"""RSA2 demands it (https://docs.open.alipay.com/291/105971)."""

_FORMS = {"app_id": r"[0-9]{16,32}", "seller_id": r"2088[0-9]{12}"}


def key_bytes(text: str) -> bytes:
    """PEM as it is; bare base64, as Alipay's key tool writes it, as DER. Raises ValueError."""
    if "-----BEGIN" in text:
        return text.strip().encode()
    return b64decode("".join(text.split()), validate=True)


def check(access: Access) -> None:
    """Whether we could work with this. Raises Invalid naming the field, never its value."""
    for name in REQUIRED_ACCOUNT:
        if not re.fullmatch(_FORMS[name], access.account.get(name, "")):
            raise _wrong(name, "credential_invalid", "is missing, or not what Alipay gives out")
    if not access.secrets:
        raise _wrong(REQUIRED_SECRETS[0], "missing", "is missing")
    for version in access.secrets[:1]:  # what was saved now: an older one was checked then
        _check_pair(version)


def _check_pair(version: Mapping[str, Secret]) -> None:
    ours = _modulus(version, "private_key", private=True)
    theirs = _modulus(version, "alipay_public_key", private=False)
    if ours == theirs:
        told = "is the application's own public key; Alipay's is shown beside it"
        raise _wrong("alipay_public_key", "own_public_key", told)


def _modulus(version: Mapping[str, Secret], name: str, *, private: bool) -> int:
    from Cryptodome.PublicKey import RSA  # noqa: PLC0415 - only where keys are saved

    if name not in version:
        raise _wrong(name, "missing", "is missing")
    try:
        key = RSA.import_key(key_bytes(version[name].reveal()))
    except (ValueError, IndexError, TypeError):
        raise _wrong(name, "not_a_key", "is not an RSA key in PEM or base64") from None
    if key.has_private() != private:
        kind = "private" if private else "public"
        raise _wrong(name, f"not_{kind}_key", f"is not a {kind} key")
    if key.size_in_bits() < LEAST_BITS:
        raise _wrong(name, "short_key", f"has fewer than {LEAST_BITS} bits")
    return key.n


def _wrong(field: str, code: str, what: str) -> Invalid:
    return Invalid(f"`{field}` {what}.", errors=[{"field": field, "code": code, "message": what}])
