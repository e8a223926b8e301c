"""Mail templates and alerts for the operator, and sending a delivery mail again for support."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import ConfigDict, Field

from notify import alerts
from notify.examples import example
from notify.resend import resend
from notify.wiring import desk
from quanyi.catalog.model import Language
from quanyi.clock import Timestamp
from quanyi.http import Body, CallerParam, IdempotencyKey, View, entry, rest_api
from quanyi.mail.model import PLACEHOLDERS, MailKind, MailTemplate, checked, rendered
from quanyi.mail.table import Kept

app = rest_api()
app.include_router(alerts.router)


class TemplateBody(MailTemplate):
    """`$name` stands for a value, `$$` for a dollar sign; text and html contain `$link`."""

    model_config = ConfigDict(extra="forbid")


class PreviewBody(Body):
    """Without a template, the one in use is shown."""

    template: TemplateBody | None = None


class TemplateView(View):
    """A template in use. `changed_at` and `changed_by` are missing while it is the default."""

    kind: MailKind
    language: Language
    subject: str
    text: str
    html: str
    changed_at: Timestamp | None = None
    changed_by: str | None = None
    placeholders: Annotated[dict[str, str], Field(description="What may stand in it, and what that means")]

    @classmethod
    def of(cls, kept: Kept) -> "TemplateView":
        return cls(
            kind=kept.kind,
            language=kept.language,
            **kept.template.model_dump(),
            changed_at=kept.changed_at,
            changed_by=kept.changed_by,
            placeholders=PLACEHOLDERS[kept.kind],
        )


class TemplatesView(View):
    templates: list[TemplateView]


class PreviewView(View):
    """The mail as it would be, for an invented order, case, review or day."""

    subject: str
    text: str
    html: str


class ResentView(View):
    """`occasion` names the mail in the order's audit trail, which tells how it goes on."""

    order: str
    kind: MailKind
    occasion: str


@app.get("/v1/admin/mail-templates", summary="All mail templates", tags=["admin"])
def every(caller: CallerParam) -> TemplatesView:
    caller.needs("operator")
    return TemplatesView(templates=[TemplateView.of(kept) for kept in desk().templates.every()])


@app.get("/v1/admin/mail-templates/<kind>/<language>", summary="A mail template", tags=["admin"])
def read(kind: MailKind, language: Language, caller: CallerParam) -> TemplateView:
    caller.needs("operator")
    return TemplateView.of(desk().templates.get(kind, language))


@app.put("/v1/admin/mail-templates/<kind>/<language>", summary="Write a mail template", tags=["admin"])
def write(kind: MailKind, language: Language, body: TemplateBody, caller: CallerParam) -> TemplateView:
    caller.needs("operator")
    template = checked(kind, body)
    return TemplateView.of(desk().templates.put(kind, language, template, by=caller.name, now=desk().now()))


@app.delete("/v1/admin/mail-templates/<kind>/<language>", summary="Back to the default template", tags=["admin"])
def drop(kind: MailKind, language: Language, caller: CallerParam) -> TemplateView:
    caller.needs("operator")
    return TemplateView.of(desk().templates.drop(kind, language))


@app.post("/v1/admin/mail-templates/<kind>/<language>/preview", summary="See a mail", tags=["admin"])
def preview(kind: MailKind, language: Language, body: PreviewBody, caller: CallerParam) -> PreviewView:
    caller.needs("operator")
    template = checked(kind, body.template) if body.template else desk().templates.get(kind, language).template
    return _preview(kind, language, template)


@app.post(
    "/v1/admin/orders/<order_id>/resend", summary="Send the delivery mail again", tags=["support"], status_code=202
)
def send_again(
    order_id: Annotated[str, Path(pattern=r"^O[0-9A-Z]{20}$")], key: IdempotencyKey, caller: CallerParam
) -> Response[ResentView]:
    due = resend(desk(), caller, order_id, key)
    return Response(202, "application/json", ResentView(order=due.order, kind=due.kind, occasion=due.occasion))


def _preview(kind: MailKind, language: Language, template: MailTemplate) -> PreviewView:
    mail = rendered(template, example(desk(), kind, language))
    return PreviewView(subject=mail.subject, text=mail.text, html=mail.html)


handler = entry(app)
