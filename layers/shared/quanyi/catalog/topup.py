"""What a merchant writes on a SKU of kind `topup` (直充): which account its buyer names, as a form of fields.

One SKU is one denomination, its `face_value`; a product groups them. There are no free patterns: a field is of a kind
that is known, or of so many characters of a set, so that no merchant's expression can hold the shop up. What an account
must look like is in `catalog.accounts`.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from quanyi.catalog.texts import Language, Model, Title, Titles

FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$")]
FieldKind = Literal["phone", "qq", "wechat", "email", "digits", "text", "choice"]
Characters = Literal["any", "letters", "letters_digits", "ascii"]
"""Of a text: any but control characters; A to Z in both cases; with digits, `_` and `-`; everything printable of
ASCII without blanks."""
CallingCode = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}$")]
"""A country's, without its plus (ITU-T E.164)."""
MAINLAND = "86"
LONGEST = 64
"""Characters of a field."""
ACCOUNT_HOURS = 24 * 7

Length = Annotated[int, Field(ge=1, le=LONGEST, strict=True)]
ChoiceValue = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST, strip_whitespace=True)]
ConfirmText = Annotated[str, StringConstraints(min_length=1, max_length=2_000, strip_whitespace=True)]


class Option(Model):
    """One of the values of a choice (a game's server, a province), as suppliers are told it and as the buyer sees
    it."""

    value: ChoiceValue
    titles: Titles


class AccountField(Model):
    """One thing that the buyer fills in."""

    name: FieldName
    kind: FieldKind
    titles: Titles
    hints: dict[Language, Title] = Field(default_factory=dict)
    """What stands in the empty field."""
    required: bool = True
    secret: bool = False
    """Nothing of it is shown again, not even masked."""
    characters: Characters = "any"
    """Of kind `text`."""
    least: Length = 1
    """Characters of kinds `digits` and `text`; the other kinds know their own lengths."""
    most: Length = LONGEST
    countries: Annotated[tuple[CallingCode, ...], Field(min_length=1, max_length=20)] = (MAINLAND,)
    """Of kind `phone`: whose numbers are served."""
    options: Annotated[tuple[Option, ...], Field(max_length=200)] = ()
    """Of kind `choice`."""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if (self.kind == "choice") != bool(self.options):
            raise ValueError("a choice has options, and only a choice")
        if len({option.value for option in self.options}) != len(self.options):
            raise ValueError("an option is listed twice")
        if self.characters != "any" and self.kind != "text":
            raise ValueError("only a text has a set of characters")
        if (self.least, self.most) != (1, LONGEST) and self.kind not in ("digits", "text"):
            raise ValueError("only digits and texts have lengths of their own")
        if self.least > self.most:
            raise ValueError("the least length is above the most")
        if self.countries != (MAINLAND,) and self.kind != "phone":
            raise ValueError("only a phone number has countries")
        return self


class TopupTerms(Model):
    """The account that a SKU tops up, and what its buyer must know."""

    fields: Annotated[tuple[AccountField, ...], Field(min_length=1, max_length=10)]
    regions: Annotated[dict[FieldName, tuple[ChoiceValue, ...]], Field(max_length=10)] = Field(default_factory=dict)
    """Which options of a choice this SKU serves (provinces, carriers, zones); of a choice that is not named, all."""
    ask: Literal["with_order", "later"] = "with_order"
    """Whether an order must name the account, or may leave it out for its buyer to name afterwards: for channels that
    cannot ask."""
    account_hours: Annotated[int, Field(ge=1, le=24 * 30, strict=True)] = ACCOUNT_HOURS
    """How long a paid unit waits for an account that was left out, before it is refunded."""
    check: Literal["never", "if_possible", "must"] = "never"
    """Whether a supplier is asked if the account can be topped up before it is paid for: as far as one can tell, or
    else it is not sold."""
    confirm_text: Annotated[dict[Language, ConfirmText], Field(max_length=2)] = Field(default_factory=dict)
    """What the buyer has to agree to: that a top-up cannot be returned, and to check the account."""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        known = {field.name: field for field in self.fields}
        if len(known) != len(self.fields):
            raise ValueError("a field is listed twice")
        if not any(field.required for field in self.fields):
            raise ValueError("at least one field is required")
        if self.ask == "with_order" and self.account_hours != ACCOUNT_HOURS:
            raise ValueError("only an account that may be named later is waited for")
        for name, served in self.regions.items():
            options = {option.value for option in known[name].options} if name in known else set[str]()
            if not served or not set(served) <= options or len(set(served)) != len(served):
                raise ValueError("regions name options of a choice, each once")
        return self

    def offered(self, field: AccountField) -> tuple[Option, ...]:
        """The options of a field that are served."""
        served = self.regions.get(field.name)
        return field.options if served is None else tuple(one for one in field.options if one.value in served)
