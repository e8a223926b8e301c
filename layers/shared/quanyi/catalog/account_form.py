"""The form that asks for every account of a SKU in one go; of a bundle, the accounts of all its top-ups."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quanyi.catalog.accounts import Account, FieldFault, read_account
from quanyi.catalog.model import Sku, SkuId
from quanyi.catalog.texts import Language, Model, Title, Titles
from quanyi.catalog.topup import Characters, FieldKind, Option, TopupTerms


class FormField(Model):
    """One field as the buyer meets it. `name` is what its value is sent under: in a bundle `<component's SKU>.<field>`.
    Lengths are in characters."""

    name: str
    kind: FieldKind
    titles: Titles
    hints: dict[Language, Title]
    required: bool
    secret: bool
    characters: Characters
    least: int
    most: int
    countries: tuple[str, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True)
class FormPart:
    """The fields of one SKU; `prefix` stands before their names."""

    sku: SkuId
    titles: Titles
    prefix: str
    terms: TopupTerms


@dataclass(frozen=True)
class AccountForm:
    """Of one SKU as it is sold. Without parts it asks for nothing."""

    parts: tuple[FormPart, ...] = ()

    @property
    def fields(self) -> list[FormField]:
        return [
            FormField(
                **each.model_dump(exclude={"name", "options"}),
                name=f"{part.prefix}{each.name}",
                options=part.terms.offered(each),
            )
            for part in self.parts
            for each in part.terms.fields
        ]

    @property
    def confirm_texts(self) -> list[dict[Language, str]]:
        """What the buyer agrees to, each text once."""
        found: list[dict[Language, str]] = []
        for part in self.parts:
            if part.terms.confirm_text and part.terms.confirm_text not in found:
                found.append(part.terms.confirm_text)
        return found

    @property
    def account_hours(self) -> int | None:
        """How long its buyer has after the payment to name accounts that the order left out; None where an order must
        name them. A bundle leaves out all of them or none."""
        if not self.parts or any(part.terms.ask == "with_order" for part in self.parts):
            return None
        return min(part.terms.account_hours for part in self.parts)

    def read(self, given: Mapping[str, str], place: str) -> tuple[dict[SkuId, Account], list[FieldFault]]:
        """The accounts by the SKU that tops them up, and every field that is wrong, named below `place`."""
        known = {f"{part.prefix}{each.name}" for part in self.parts for each in part.terms.fields}
        wrong = [FieldFault(field=f"{place}.{name}", reason="unknown") for name in given if name not in known]
        accounts: dict[SkuId, Account] = {}
        for part in self.parts:
            mine = {each.name: given.get(f"{part.prefix}{each.name}", "") for each in part.terms.fields}
            accounts[part.sku], faults = read_account(part.terms, mine)
            wrong += [FieldFault(field=f"{place}.{part.prefix}{name}", reason=f) for name, f in faults.items()]
        return accounts, wrong


def form_of(sku: Sku, known: Mapping[SkuId, Sku]) -> AccountForm:
    """`known` holds the components of a bundle."""
    return form_for(sku.id, [sku] if sku.topup else [known[part.sku] for part in sku.components if part.sku in known])


def form_for(sold: SkuId, topups: Iterable[Sku]) -> AccountForm:
    """Asks for the accounts of those SKUs, which are `sold` itself or what it consists of."""
    parts = ((one, "" if one.id == sold else f"{one.id}.") for one in topups)
    return AccountForm(tuple(FormPart(one.id, one.titles, prefix, one.topup) for one, prefix in parts if one.topup))
