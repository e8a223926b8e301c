"""Providers' secrets (of those who take payments, of cards' issuers, of suppliers) in Secrets Manager, one a provider:
`<prefix><name>`, a JSON object of texts.

Two versions are live at a time: the current one, which we sign with, and the one before it, which a provider may still
sign with while it is being changed over.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from json import dumps, loads
from typing import Any

from botocore.exceptions import ClientError

from quanyi.aws import code_of
from quanyi.errors import Busy, KeyReused
from quanyi.secret import Secret

CACHE_SECONDS = 300.0
STAGES = ("AWSCURRENT", "AWSPREVIOUS")
_BUSY = {
    "ThrottlingException",
    "InternalServiceError",
    # Somebody made the secret, or this very version of it, in the same moment.
    "ResourceExistsException",
}

Versions = tuple[Mapping[str, Secret], ...]


@dataclass(frozen=True)
class ProviderSecrets:
    """`client` answers a boto3 Secrets Manager client; it is made on first use only. A secret is made under
    `kms_key_id`; AWS's own key, when that is empty."""

    prefix: str
    client: Callable[[], Any]
    kms_key_id: str = ""
    monotonic: Callable[[], float] = time.monotonic
    _cache: dict[str, tuple[float, Versions]] = field(
        default_factory=dict[str, tuple[float, Versions]], repr=False, compare=False
    )

    def read(self, name: str, *, no_older_than: float = CACHE_SECONDS) -> Versions:
        """The live versions, newest first; none when the provider has no secrets. Kept in memory for minutes, unless
        there are none: a provider is being set up then, and its first secrets hold at once."""
        known = self._cache.get(name)
        if known and self.monotonic() - known[0] < no_older_than:
            return known[1]
        versions = tuple(found for stage in STAGES if (found := self._version(name, stage)) is not None)
        if versions:
            self._cache[name] = (self.monotonic(), versions)
        return versions

    def write(self, name: str, values: Mapping[str, Secret], token: str) -> bool:
        """Makes `values` the current version; the one before stays live. `token` (32 to 64 characters) makes a repeated
        call one version. Answers whether it is the current one: a repeated call may come when there are newer ones.

        Raises KeyReused (the token came with other values), Busy.
        """
        text = dumps({key: value.reveal() for key, value in sorted(values.items())})
        known = self._answer(name, VersionId=token)
        if known is None:
            self._put(name, text, token)
        elif known["SecretString"] != text:
            raise KeyReused("Use a new Idempotency-Key for other credentials.")
        self._cache.pop(name, None)
        current = self._answer(name, VersionStage="AWSCURRENT")
        return current is not None and current["VersionId"] == token

    def _put(self, name: str, text: str, token: str) -> None:
        whole = {"SecretString": text, "ClientRequestToken": token}
        if self._call("put_secret_value", SecretId=self.prefix + name, **whole) is not None:
            return
        key = {"KmsKeyId": self.kms_key_id} if self.kms_key_id else {}
        self._call("create_secret", Name=self.prefix + name, Description="Credentials of a provider", **whole, **key)

    def _version(self, name: str, stage: str) -> dict[str, Secret] | None:
        answer = self._answer(name, VersionStage=stage)
        return {key: Secret(str(value)) for key, value in loads(answer["SecretString"]).items()} if answer else None

    def _answer(self, name: str, **which: str) -> dict[str, Any] | None:
        return self._call("get_secret_value", SecretId=self.prefix + name, **which)

    def _call(self, operation: str, **request: Any) -> dict[str, Any] | None:
        """None when there is no such secret, or no such version of it. Raises Busy."""
        try:
            return getattr(self.client(), operation)(**request)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            if code_of(error) in _BUSY:
                # Without the cause: what was sent is a secret, and an exception's text may quote it.
                raise Busy("the secrets are throttled, or somebody else changes them") from None
            raise
