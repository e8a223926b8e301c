"""How Fulu signs and encrypts; its protocol demands MD5 and AES in ECB mode, neither of which we would choose.

Sign: the JSON of all parameters but `sign`, its characters sorted, the app secret behind them, MD5 in small hex digits
(https://github.com/lun324/open-api-sdk-php; the same for answers, over `result`, and for callbacks). Card numbers and
PINs: AES-256-ECB with PKCS#7 under the app secret's 32 characters, in base64.
"""

import hmac
from base64 import b64decode
from collections.abc import Mapping
from hashlib import md5
from json import dumps
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from quanyi.secret import Secret
from quanyi.supply.adapters.replies import Unclear

KEY_LENGTH = 32


def compact(fields: Mapping[str, Any]) -> str:
    """JSON as Fulu's examples write it: no blanks, characters as they are."""
    return dumps(fields, ensure_ascii=False, separators=(",", ":"))


def sign(signed: str, secret: Secret) -> str:
    """Raises Unclear for text that is none (half of a surrogate pair)."""
    try:
        message = ("".join(sorted(signed)) + secret.reveal()).encode()
    except UnicodeEncodeError:
        raise Unclear from None
    return md5(message, usedforsecurity=False).hexdigest()


def is_signed(signed: str, signature: str, secret: Secret) -> bool:
    """Raises Unclear as `sign`."""
    return hmac.compare_digest(sign(signed, secret).encode(), signature.lower().encode("utf-8", "replace"))


def decrypted(sealed: str, secret: Secret) -> str:
    """A card's number or PIN; "" for "". Raises Unclear."""
    if not sealed:
        return ""
    try:
        cipher = Cipher(algorithms.AES(secret.reveal().encode()), modes.ECB())  # noqa: S305 - Fulu's protocol
        opener, unpadder = cipher.decryptor(), PKCS7(128).unpadder()
        padded = opener.update(b64decode(sealed, validate=True)) + opener.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode().strip()
    except ValueError:
        raise Unclear from None
