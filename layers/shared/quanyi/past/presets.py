"""Sources to begin with: the columns that these platforms' exports are known to have. Platforms change them, and let a
merchant choose: the preview tells what is missing, and a saved source is the merchant's own.

    taobao       the order report (订单报表) of Taobao and Tmall, one row an order. Columns as in the public data set
                 https://github.com/jyw2000-jyw/OrderData-visualization-base-on-streamlit, and the seller centre's own
    douyin       Douyin shop's report by product (以商品维度导出), one row a sub-order:
                 http://gtc8.cn/baike/i103939.html
    wechat-shop  the order export of WeChat's shop (微信小店), one row a product. Statuses as in
                 https://developers.weixin.qq.com/doc/channels/API/order/order_status_graph.html; numbers that it lends
                 (虚拟号) as in https://developers.weixin.qq.com/doc/channels/API/order/get.html

None of the three tells when money went back, so it counts on the day of payment until a column that does is mapped.
"""

from collections.abc import Mapping

from quanyi.past.source import Meanings, OrderColumns, SourceSettings

_TAOBAO = SourceSettings(
    name="淘宝/天猫 订单报表",
    channel="taobao",
    columns=OrderColumns(
        order="订单编号",
        created_at="订单创建时间",
        paid_at="订单付款时间",
        title="宝贝标题",
        quantity="宝贝总数量",
        amount="买家实际支付金额",
        phone="联系手机",
        nick="买家会员名",
        status="订单状态",
        refund="退款金额",
    ),
    statuses=Meanings(
        paid=(
            *("交易成功", "买家已付款，等待卖家发货", "买家已付款,等待卖家发货"),
            *("卖家已发货，等待买家确认", "卖家已发货,等待买家确认", "卖家部分发货"),
        ),
        closed=("交易关闭",),
        open=("等待买家付款",),
    ),
    undated_refunds="payment_day",
)

_DOUYIN = SourceSettings(
    name="抖店 订单报表（商品维度）",
    channel="douyin",
    columns=OrderColumns(
        order="主订单编号",
        line="子订单编号",
        created_at="订单提交时间",
        paid_at="支付完成时间",
        sku="商家编码",
        title="选购商品",
        quantity="商品数量",
        amount="订单应付金额",
        phone="收件人手机号",
        status="订单状态",
    ),
    statuses=Meanings(
        paid=("已完成", "已发货", "部分发货", "待发货", "备货中", "已签收"),
        closed=("已关闭", "已取消"),
        open=("待支付", "待付款", "待确认"),
    ),
    undated_refunds="payment_day",
)

_WECHAT_SHOP = SourceSettings(
    name="微信小店 订单导出",
    channel="wechat-shop",
    file_type="xlsx",
    columns=OrderColumns(
        order="订单号",
        created_at="订单下单时间",
        paid_at="支付时间",
        sku="SKU编码(自定义)",
        title="商品名称",
        quantity="商品数量",
        amount="商品实际价格(总共)",
        phone="收件人手机",
        status="订单状态",
        refund="商品已退款金额",
    ),
    statuses=Meanings(
        paid=("待发货", "部分发货", "待收货", "已完成"),
        closed=("已取消", "已关闭"),
        open=("待付款",),
    ),
    undated_refunds="payment_day",
)

PRESETS: Mapping[str, SourceSettings] = {"taobao": _TAOBAO, "douyin": _DOUYIN, "wechat-shop": _WECHAT_SHOP}
