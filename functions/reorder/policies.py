"""`/v1/admin/stock-policies`: how much is to be in stock, and what is done when it is not."""

from aws_lambda_powertools.event_handler import Response

from quanyi.http import CallerParam, Cursor, Limit, entry, rest_api
from quanyi.restock.table import policy_of
from quanyi.table import decode_cursor, encode_cursor
from reorder.policy_messages import (
    CountBody,
    Counted,
    OfSku,
    PathChannel,
    PathSku,
    PolicyBody,
    PolicyPage,
    PolicyView,
    PreviewView,
    Version,
)
from reorder.steering import count_again, preview, read_policy, remove_policy, save_policy
from reorder.wiring import restocking

app = rest_api()
_POLICY = "/v1/admin/stock-policies/<sku>/<channel>"


@app.get("/v1/admin/stock-policies", summary="Stock policies", tags=["supply"])
def listed(caller: CallerParam, sku: OfSku = None, limit: Limit = 20, cursor: Cursor = None) -> PolicyPage:
    """By SKU and channel. Those of one SKU are a page."""
    caller.needs("operator", "support", "analyst")
    if sku:
        return PolicyPage(items=[PolicyView.of(kept) for kept in restocking().policies.of_sku(sku)], next=None)
    start = decode_cursor(cursor, ("pk", "sk", "list", "listed"))
    page = restocking().policies.page(limit=limit, start=start)
    return PolicyPage(items=[PolicyView.of(policy_of(i)) for i in page.items], next=encode_cursor(page.next))


@app.post("/v1/admin/stock-policies/demand", summary="Count past days' demand again", tags=["supply"])
def counted(body: CountBody, caller: CallerParam) -> Counted:
    """Forecasts rest on it. Each night counts the last days; this is for the time before there was a policy. Call it
    again with `next` as `first` until that is null."""
    return count_again(restocking(), caller, body)


@app.get(_POLICY, summary="Read a stock policy", tags=["supply"])
def read(sku: PathSku, channel: PathChannel, caller: CallerParam) -> PolicyView:
    return PolicyView.of(read_policy(restocking(), caller, sku, channel))


@app.put(_POLICY, summary="Make or change a stock policy", tags=["supply"])
def write(sku: PathSku, channel: PathChannel, body: PolicyBody, caller: CallerParam) -> PolicyView:
    """`channel` is `shared`, or one with an allocation of its own. It is planned at once, and watched from then on."""
    return PolicyView.of(save_policy(restocking(), caller, sku, channel, body))


@app.delete(_POLICY, summary="Drop a stock policy", tags=["supply"], status_code=204)
def remove(sku: PathSku, channel: PathChannel, version: Version, caller: CallerParam) -> Response[None]:
    """What has been bought by it is not touched."""
    remove_policy(restocking(), caller, sku, channel, version)
    return Response(204)


@app.post(f"{_POLICY}/preview", summary="What a policy would do now", tags=["supply"])
def previewed(sku: PathSku, channel: PathChannel, caller: CallerParam, body: PolicyBody | None = None) -> PreviewView:
    """Of the terms that are sent, or of those that are kept. Nothing is written, told or bought."""
    return preview(restocking(), caller, sku, channel, body)


handler = entry(app)
