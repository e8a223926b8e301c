"""How the local WeChat Pay signs, checks and encrypts, with keys of its own made when it starts: by `cryptography`
alone, nothing of ours and nothing of the library that it is asked through.

https://pay.weixin.qq.com/docs/merchant/development/interface-rules/build-verify-sign-src.html (answers) and
https://pay.weixin.qq.com/docs/merchant/products/notification/introduction.html (notifications).
"""

import json
import re
import secrets
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

_AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(?P<mchid>[^"]*)",nonce_str="(?P<nonce>[^"]*)",signature="(?P<signature>[^"]*)",'
    r'timestamp="(?P<timestamp>\d+)",serial_no="(?P<serial>[^"]*)"'
)


def fresh_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: rsa.RSAPrivateKey, name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, SHA256())
    )


def pem(thing: Any) -> str:
    """Of a private key (PKCS#8), a public key or a certificate."""
    if isinstance(thing, rsa.RSAPrivateKey):
        return thing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(Encoding.PEM).decode()
    return thing.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass
class Keys:
    """The merchant's key, WeChat's own, and the APIv3 key that both know. `certified` signs under the platform
    certificate instead of the public key's id."""

    merchant: rsa.RSAPrivateKey = field(default_factory=fresh_key, repr=False)
    platform: rsa.RSAPrivateKey = field(default_factory=fresh_key, repr=False)
    api_v3_key: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    merchant_serial: str = field(default_factory=lambda: secrets.token_hex(20).upper())
    public_key_id: str = field(default_factory=lambda: f"PUB_KEY_ID_{secrets.token_hex(16)}")
    certified: bool = False

    def __post_init__(self) -> None:
        self.certificate = certificate(self.platform, "Tenpay.com Root CA (local)")

    def signed(self, body: bytes, *, at: int | None = None, key: rsa.RSAPrivateKey | None = None) -> dict[str, str]:
        """The headers of an answer or a notification."""
        sent_at, nonce = str(int(time.time()) if at is None else at), secrets.token_hex(16)
        serial = f"{self.certificate.serial_number:X}" if self.certified else self.public_key_id
        text = f"{sent_at}\n{nonce}\n".encode() + body + b"\n"
        return {
            "Wechatpay-Timestamp": sent_at,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": serial,
            "Wechatpay-Signature": b64encode((key or self.platform).sign(text, padding.PKCS1v15(), SHA256())).decode(),
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }

    def authentic(self, header: str, method: str, path: str, body: bytes, mchid: str) -> bool:
        """Whether a request was signed with the merchant's key, a moment ago."""
        found = _AUTHORIZATION.fullmatch(header)
        if found is None or (found["mchid"], found["serial"]) != (mchid, self.merchant_serial):
            return False
        if abs(time.time() - int(found["timestamp"])) > 300:
            return False
        text = f"{method}\n{path}\n{found['timestamp']}\n{found['nonce']}\n".encode() + body + b"\n"
        try:
            self.merchant.public_key().verify(b64decode(found["signature"]), text, padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    def notice(self, event: str, kind: str, data: dict[str, Any], api_v3_key: str = "") -> bytes:
        """The body of a notification."""
        nonce = secrets.token_hex(6)
        key = AESGCM((api_v3_key or self.api_v3_key).encode())
        sealed = key.encrypt(nonce.encode(), json.dumps(data, ensure_ascii=False).encode(), kind.encode())
        resource = {
            "original_type": kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": b64encode(sealed).decode(),
            "associated_data": kind,
            "nonce": nonce,
        }
        body = {
            "id": f"EV-{secrets.token_hex(14)}",
            "create_time": beijing(),
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": event,
            "resource": resource,
        }
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    def for_merchant(self, text: str) -> str:
        """Personal data, encrypted under the merchant's certificate as WeChat does it."""
        form = padding.OAEP(mgf=padding.MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)  # noqa: S303 - WeChat's
        return b64encode(self.merchant.public_key().encrypt(text.encode(), form)).decode()


def beijing(moment: datetime | None = None) -> str:
    moment = moment or datetime.now(UTC)
    return (moment.astimezone(UTC) + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S+08:00")
