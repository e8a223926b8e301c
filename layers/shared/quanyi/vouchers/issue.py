"""Making vouchers: what a new one is, from what it is for.

Nothing here is drawn by chance. A voucher that is sold follows from its unit of an order, one that is generated from
its series and number, so that a step which is done again makes the same card, and an export writes the same code again.
"""

from quanyi.cards.model import Face, card_id, pin_id
from quanyi.vault.keys import NamedKeys
from quanyi.vouchers.code import derived_code, derived_pin
from quanyi.vouchers.model import VOUCHER_ISSUER, Series, VoucherTerms


def sold_face(keys: NamedKeys, terms: VoucherTerms, order: str, unit: str, replaced: int) -> Face:
    """Of the voucher that a unit gets; `replaced` counts those that it had before."""
    return _face(keys, terms, "sold", order, unit, str(replaced))


def numbered_face(keys: NamedKeys, series: Series, number: int) -> Face:
    """Of one that is generated: `number` counts a series' vouchers from 1."""
    return _face(keys, series.terms, "numbered", series.id, str(number))


def voucher_id(keys: NamedKeys, face: Face) -> str:
    """The card that it is."""
    return card_id(keys.key("fingerprint"), VOUCHER_ISSUER, face)


def voucher_pin_id(keys: NamedKeys, face: Face) -> str | None:
    return pin_id(keys.key("fingerprint"), face.pin) if face.pin else None


def _face(keys: NamedKeys, terms: VoucherTerms, *of: str) -> Face:
    pin = derived_pin(keys, terms.pin_digits, *of)
    return Face("number_pin" if pin else "code", derived_code(keys, terms.code_template, *of), pin)
