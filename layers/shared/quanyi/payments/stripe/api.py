"""Talking to Stripe through its library, which is imported on first use: it takes longer than all of ours."""
# ruff: noqa: PLC0415

import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from quanyi.errors import Refusal
from quanyi.payments.access import Access
from quanyi.payments.port import ProviderUnavailable

if TYPE_CHECKING:
    from stripe import StripeClient

VERSION = "2026-10-28.endive"
"""Of Stripe's API; the one that the library's types describe (https://docs.stripe.com/api/versioning)."""


class Refused(Exception):
    """Stripe understood, and said no: nothing was done. `code` and `param` are Stripe's words for why
    (https://docs.stripe.com/error-codes). `missing`: it has no such object."""

    def __init__(self, code: str, param: str, *, missing: bool) -> None:
        super().__init__(code)
        self.code, self.param, self.missing = code, param, missing


def connect(access: Access) -> "StripeClient":
    """A client for the newest secret key; it keeps its connection and may serve many threads. Nothing is tried again by
    itself: a caller waits at most for one answer, and every call of ours may be repeated."""
    import stripe
    from stripe import RequestsClient, StripeClient

    # The library writes Stripe's error texts to its log, and hints to stderr, and sends the machine's name along.
    logging.getLogger("stripe").disabled = True
    warnings.filterwarnings("ignore", module=r"stripe\._api_requestor")
    stripe.enable_telemetry = False
    return StripeClient(
        access.secrets[0]["secret_key"].reveal(),
        stripe_account=access.account.get("account_id") or None,
        stripe_version=VERSION,
        base_addresses={"api": access.endpoint.rstrip("/")} if access.endpoint else None,
        max_network_retries=0,
        http_client=RequestsClient(timeout=access.timeout),
    )


@contextmanager
def asking() -> Generator[None, None, None]:
    """Around a call and the reading of its answer. Raises Refused for a clear no, ProviderUnavailable for everything
    else that goes wrong; neither carries a word of Stripe's answer. Our own refusals pass."""
    from stripe import CardError, InvalidRequestError

    try:
        yield
    except (Refusal, Refused):
        raise
    except (InvalidRequestError, CardError) as said:
        no = Refused(said.code or "", str(getattr(said, "param", None) or ""), missing=said.http_status == 404)
    except Exception:  # noqa: BLE001 - the library lets through whatever a strange answer breaks in it
        no = ProviderUnavailable("Stripe did not answer clearly.")
    else:
        return
    raise no from None
