"""Keys and signatures of the local Alipay, made with `cryptography`, which the shop's adapter does not use for this."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def fresh_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@dataclass
class Pair:
    """One change of keys: the merchant's application key, and Alipay's own for this application."""

    merchant: RSAPrivateKey = field(default_factory=fresh_key)
    alipay: RSAPrivateKey = field(default_factory=fresh_key)

    def secrets(self) -> dict[str, str]:
        """What the merchant enters: a PEM, and the bare base64 that Alipay's pages show."""
        public = self.alipay.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {"private_key": private_pem(self.merchant), "alipay_public_key": b64encode(public).decode()}


def private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def sign(key: RSAPrivateKey, text: str) -> str:
    return b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


def signed_by(key: RSAPrivateKey, text: str, signature: str) -> bool:
    try:
        key.public_key().verify(b64decode(signature), text.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def canonical(fields: Mapping[str, str], *without: str) -> str:
    """What is signed: `name=value`, sorted, joined by `&`, without the signature."""
    return "&".join(f"{name}={text}" for name, text in sorted(fields.items()) if name not in without)
