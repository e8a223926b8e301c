"""What is asked of voucher terms before they are kept, besides their form."""

from quanyi.errors import Invalid
from quanyi.vouchers.condition import fault_of
from quanyi.vouchers.model import VoucherTerms


def must_be_acceptable(terms: VoucherTerms, **where: str) -> None:
    """The merchant's own condition can be judged. `where` says in the refusal what the terms are of. Raises Invalid
    (`condition`)."""
    if fault := fault_of(terms.rules):
        raise Invalid(
            "The condition cannot be judged.", reason="condition", problem=fault.code, about=fault.detail, **where
        )
