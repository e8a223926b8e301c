"""An alert, deployed: from the supply table through its stream, the bus and the bots' queue into a chat group."""

from datetime import UTC, datetime, timedelta

from quanyi.alerts.model import Finding
from quanyi.alerts.table import AlertsTable
from quanyi.table import Table
from tests.aws.chat import SIGNED_WITH, chatting
from tests.stack.shop import Shop, number, until
from tools.local.stack import Stack


def test_a_bot_tells_that_stock_is_low_and_that_it_is_over(shop: Shop, stack: Stack) -> None:
    alerts = AlertsTable(Table(stack.physical_id("SupplyTable"), stack.client("dynamodb")))
    sku, bot = number("sku-"), number("bot-")
    with chatting() as chat:
        terms = {"version": 0, "kind": "dingtalk", "label": "desk", "alerts": ["stock_out"]}
        shop.admin("PUT", f"/bots/{bot}", terms).must()
        address = {"webhook": chat.url("dingtalk"), "secret": SIGNED_WITH["dingtalk"]}
        shop.admin("PUT", f"/bots/{bot}/webhook", address, number()).must()
        assert shop.admin("POST", f"/bots/{bot}/test").must()["outcome"] == "told"

        now = datetime.now(UTC)
        out = Finding(kind="stock_out", subject=f"{sku}#shared", severity="critical", facts={"waiting": 2})
        alert, _ = [alerts.raise_(out, now) for _ in range(2)]
        until(lambda: [text for text in chat.texts() if f"已无库存：{sku}" in text])
        listed = shop.admin("GET", "/alerts?kind=stock_out&state=open").must()["items"]
        assert alert.id in [one["id"] for one in listed]
        seen = shop.admin("POST", f"/alerts/{alert.id}/acknowledge").must()
        assert seen["explanation"] == ["可售库存为 0，已停止售卖。", "2 件已付款，正在等货。"]

        alerts.recover("stock_out", f"{sku}#shared", now + timedelta(minutes=1))
        until(lambda: [text for text in chat.texts() if f"【已恢复】已无库存：{sku}" in text])
        assert sum(f"【紧急】已无库存：{sku}" in text for text in chat.texts()) == 1
        shop.admin("PUT", f"/bots/{bot}", {**terms, "version": 1, "enabled": False}).must()
