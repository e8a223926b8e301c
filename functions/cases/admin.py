"""`/v1/admin/cases`: complaints and disputes, for the shop's people."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from cases.answers import answer_case, texts_of
from cases.gather import gather
from cases.messages import AnswerBody, CaseId, CasePage, CaseView, FullCase, InState
from cases.wiring import Office, office
from quanyi.callers import Role
from quanyi.cases.evidence import Evidence, as_text
from quanyi.cases.model import OPEN, Case, CaseState
from quanyi.cases.table import ENDED_QUEUE, OPEN_QUEUE
from quanyi.catalog.model import Language
from quanyi.errors import Invalid
from quanyi.http import CallerParam, Cursor, IdempotencyKey, Limit, entry, rest_api
from quanyi.table import decode_cursor, encode_cursor

app = rest_api()

STAFF: tuple[Role, ...] = ("operator", "support")
PAGES = 10
"""Of the index that one page of the list may read."""


@app.get("/v1/admin/cases", summary="List cases by deadline", tags=["Cases"])
def find(caller: CallerParam, state: InState = None, limit: Limit = 20, cursor: Cursor = None) -> CasePage:
    """Open cases have the next deadline first, those that are over the latest end."""
    caller.needs(*STAFF)
    found, after = list_cases(office(), state, limit, cursor)
    return CasePage(items=[CaseView.of(case) for case in found], next=after)


@app.get("/v1/admin/cases/<case_id>", summary="Read a case", tags=["Cases"], cache_control="no-store")
def read(case_id: CaseId, caller: CallerParam) -> FullCase:
    caller.needs(*STAFF)
    return full(office(), office().cases.get(case_id))


@app.get(
    "/v1/admin/cases/<case_id>/evidence",
    summary="What speaks for the shop",
    tags=["Cases"],
    response_description="As JSON, or as plain text with `format=text`",
)
def evidence(
    case_id: CaseId,
    caller: CallerParam,
    format: Annotated[Literal["json", "text"], Query()] = "json",
    language: Annotated[Language, Query(description="Of the text")] = "zh-CN",
) -> Response[Evidence | str]:
    caller.needs(*STAFF)
    found = gather(office(), office().cases.get(case_id))
    kept = {"Cache-Control": "no-store"}
    if format == "text":
        return Response(200, "text/plain; charset=utf-8", as_text(found, language), headers=kept)
    return Response(200, "application/json", found, headers=kept)


@app.post("/v1/admin/cases/<case_id>/answer", summary="Reply, refund or give in", tags=["Cases"])
def answer(case_id: CaseId, body: AnswerBody, key: IdempotencyKey, caller: CallerParam) -> CaseView:
    """In one call. Where `outcome` is `unknown`, the shop goes on asking; the same call again is safe."""
    caller.needs(*STAFF)
    return CaseView.of(answer_case(office(), caller, case_id, key, body))


def list_cases(
    office: Office, state: CaseState | None, limit: int, cursor: str | None
) -> tuple[list[Case], str | None]:
    """Raises Malformed, Invalid (`cursor`)."""
    queue = OPEN_QUEUE if state is None or state in OPEN else ENDED_QUEUE
    start = decode_cursor(cursor, ("pk", "sk", "due", "due_at"))
    if start and start["due"] != queue:
        raise Invalid("The cursor belongs to another list.", reason="cursor")
    found: list[Case] = []
    for _ in range(PAGES):
        page = office.cases.page(queue, limit=limit - len(found), start=start)
        ids = [item["pk"].removeprefix("CASE#") for item in page.items]
        known = office.cases.find(ids)
        # The index is late by moments: what each case is now, the case says.
        here = (known[case] for case in ids if case in known)
        found += [case for case in here if (case.state == state if state else case.is_open)]
        start = page.next
        if start is None or len(found) >= limit:
            break
    return found, encode_cursor(start)


def full(office: Office, case: Case) -> FullCase:
    order = office.orders.find([case.order]).get(case.order) if case.order else None
    member = order.member if order else None
    kept = [(case.opened_at, case.sealed), *((said.at, said.sealed) for said in case.words)]
    words = [(at, text) for at, sealed in kept if (text := office.seal.open(sealed, member, case.id))]
    return FullCase.with_texts(case, words, texts_of(office, case))


handler = entry(app)
