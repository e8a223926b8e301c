"""What a merchant enters for WeChat Pay, read and checked as far as it can be without asking WeChat.

Keys and certificates: https://pay.weixin.qq.com/doc/v3/merchant/4013070756.
"""
# ruff: noqa: PLC0415 - cryptography is for functions that take money

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from quanyi.errors import Invalid
from quanyi.payments.access import Access

REQUIRED_ACCOUNT = ("mchid", "appid")
REQUIRED_SECRETS = ("private_key", "merchant_serial", "api_v3_key")

PUBLIC_KEY_ID = "PUB_KEY_ID_"
_FORMS = {
    "mchid": re.compile(r"[0-9]{6,32}"),
    "appid": re.compile(r"[A-Za-z0-9]{6,32}"),
    "merchant_serial": re.compile(r"[0-9A-Fa-f]{8,64}"),
    "api_v3_key": re.compile(r"[\x21-\x7e]{32}"),
    "public_key_id": re.compile(PUBLIC_KEY_ID + r"[0-9A-Za-z]{1,64}"),
    "mini_program_secret": re.compile(r"[\x21-\x7e]{8,128}"),
    "mini_program_endpoint": re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,200}"),
    "refund_notify_url": re.compile(r"https?://[^\s?#]{4,248}"),
}


def check(access: Access) -> None:
    """Raises Invalid, naming each field that is missing or cannot be read; never a value."""
    wrong = list(dict.fromkeys(_wrong(access)))
    if wrong:
        raise Invalid(
            f"These cannot be WeChat Pay's: {', '.join(wrong)}.",
            reason="credentials_invalid",
            errors=[{"field": field, "code": "credential_invalid"} for field in wrong],
        )


def private_key(text: str) -> str:
    """The merchant's key as the library wants it, PKCS#8, whichever of the two PEM forms was entered. ValueError."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

    try:
        key = load_pem_private_key(text.strip().encode(), password=None)
    except Exception:  # noqa: BLE001 - whatever it was, it may quote the key
        raise ValueError("not a private key") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - a bad value, whatever its type
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def certificates(account: Mapping[str, str]) -> list[Any]:
    """The platform certificates entered, as x509 certificates. ValueError."""
    from cryptography import x509

    text = account.get("platform_certificates", "").strip()
    return list(x509.load_pem_x509_certificates(text.encode())) if text else []


def platform_keys(account: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The RSA keys that WeChat's signatures are believed under, by `serial`. A certificate that is not valid now does
    not count. ValueError."""
    keys = {
        serial(f"{found.serial_number:x}"): found.public_key()
        for found in certificates(account)
        if found.not_valid_before_utc <= now <= found.not_valid_after_utc
    }
    if account.get("public_key"):
        keys[serial(account.get("public_key_id", ""))] = _public_key(account["public_key"])
    return keys


def serial(text: str) -> str:
    """How a `Wechatpay-Serial` is compared: a public key's id as it is, a certificate's in capitals without zeros."""
    return text if text.startswith(PUBLIC_KEY_ID) else text.upper().lstrip("0")


def _public_key(text: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(text.strip().encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - a bad value, whatever its type
    return key


def _wrong(access: Access) -> Iterator[str]:
    account = access.account
    yield from (name for name in REQUIRED_ACCOUNT if not _fits(name, account.get(name, "")))
    yield from (name for name in ("mini_program_endpoint", "refund_notify_url") if not _fits(name, account.get(name)))
    if bool(account.get("public_key")) != bool(account.get("public_key_id")) or not _fits(
        "public_key_id", account.get("public_key_id") or None
    ):
        yield "public_key_id"
    if account.get("public_key") and not _reads(_public_key, account["public_key"]):
        yield "public_key"
    if not account.get("public_key") and not account.get("platform_certificates"):
        yield "public_key"
    if not _reads(certificates, account):
        yield "platform_certificates"
    if not access.secrets:
        yield from REQUIRED_SECRETS
    for version in access.secrets:
        entered = {name: secret.reveal() for name, secret in version.items()}
        yield from (name for name in ("merchant_serial", "api_v3_key") if not _fits(name, entered.get(name, "")))
        if not _reads(private_key, entered.get("private_key", "")):
            yield "private_key"
        if not _fits("mini_program_secret", entered.get("mini_program_secret")):
            yield "mini_program_secret"


def _fits(name: str, value: str | None) -> bool:
    return value is None or _FORMS[name].fullmatch(value) is not None


def _reads(read: Callable[[Any], Any], value: Any) -> bool:
    try:
        read(value)
    except Exception:  # noqa: BLE001 - whatever it was, the field is wrong
        return False
    return True
