"""What insights say, in the languages of the shop's people: what is so, how sure that is, and what to do.

In braces stand numbers of the evidence and what `telling` makes of them: money with its currency, shares in percent,
goods and channels by their names.
"""

from collections.abc import Mapping
from typing import Literal

from quanyi.catalog.texts import Language
from quanyi.insights.model import Rule

TITLES: Mapping[Language, Mapping[Rule, str]] = {
    "zh-CN": {
        "provider": "{provider} 支付成功率下降：{success_rate_before} → {success_rate}",
        "abnormal_day": "{day} 成交异常{direction}",
        "channel_roi": "渠道“{channel}”投放亏损：ROI {roi_bp}",
        "expiring": "“{sku}”将有约 {left_over} 件过期",
        "win_back": "{buyers} 位高价值老客正在流失",
        "repurchase": "“{sku}”复购率 {repurchase_rate}",
        "bundle": "“{a}”与“{b}”常被一起购买",
    },
    "en": {
        "provider": "{provider} succeeds less often: {success_rate_before} → {success_rate}",
        "abnormal_day": "{day} sold unusually {direction}",
        "channel_roi": "Spend on {channel} loses money: ROI {roi_bp}",
        "expiring": "About {left_over} of {sku} will expire unsold",
        "win_back": "{buyers} valuable regulars are being lost",
        "repurchase": "{repurchase_rate} of the buyers of {sku} come back",
        "bundle": "{a} and {b} are bought together",
    },
}

TEXTS: Mapping[Language, Mapping[Rule, tuple[str, ...]]] = {
    "zh-CN": {
        "provider": (
            "最近 7 天 {tried} 笔订单在 {provider} 发起支付，当天付成 {paid} 笔（{success_rate}）；",
            "此前 {weeks} 周为 {success_rate_before}。已计入各周本身的波动，z = {z}。",
        ),
        "abnormal_day": (
            "当天 {orders} 单、成交额 {gmv}；此前 {weeks} 个{weekday}的中位数为 {orders_median} 单、{gmv_median}",
            "（稳健 z：订单 {orders_z}，成交额 {gmv_z}）。节假日与调休日不参与比较。",
        ),
        "channel_roi": (
            "{days} 天内投放 {spend}，{orders} 单带来毛利 {margin}；",
            "按每日波动估计，毛利至多约 {margin_at_most}。",
        ),
        "expiring": (
            "{units} 件须在 {until}（{days} 天内）前售出；最近 {speed_days} 天交付 {delivered} 件（日均 {daily}），",
            "届时至多再售 {sold_at_most} 件。",
        ),
        "win_back": (
            "他们一年内共消费 {monetary}，平均已 {recency} 天未购买；若仍照旧购买，如此久不来不合常理",
            "（共检验 {tested} 位，误判不超过 5%）。",
        ),
        "repurchase": (
            "90 天内 {buyers} 位买家中 {repeat_buyers} 位买了两次或更多（置信下限 {repurchase_rate_at_least}）。",
            "常客适合会员或多次装。",
        ),
        "bundle": ("90 天内 {total} 单中有 {together} 单同时购买二者，是偶然情形的 {lift} 倍（p = {p_value}）。",),
    },
    "en": {
        "provider": (
            "In the last 7 days {tried} orders were tried at {provider}, and {paid} paid that day ({success_rate}); ",
            "in the {weeks} weeks before, {success_rate_before}. How much weeks differ anyway is allowed for: z = {z}.",
        ),
        "abnormal_day": (
            "{orders} orders and a GMV of {gmv}; the median of {weeks} {weekday} before is {orders_median} and ",
            "{gmv_median} (robust z: orders {orders_z}, GMV {gmv_z}). Holidays and days worked for them are left out.",
        ),
        "channel_roi": (
            "In {days} days {spend} was spent, and {orders} orders brought a margin of {margin}; ",
            "by how much days differ, about {margin_at_most} at most.",
        ),
        "expiring": (
            "{units} units must be sold by {until}, in {days} days; the last {speed_days} days delivered {delivered} ",
            "({daily} a day), so that at most {sold_at_most} more will be.",
        ),
        "win_back": (
            "They spent {monetary} within a year and have not bought for {recency} days on average: too long for ",
            "somebody who goes on as before ({tested} were tested; at most 5 % of these are wrong).",
        ),
        "repurchase": (
            "Of {buyers} buyers in 90 days, {repeat_buyers} bought it again (at least {repurchase_rate_at_least}). ",
            "They are regulars, to whom a membership or several at once can be sold.",
        ),
        "bundle": (
            "Of {total} orders in 90 days, {together} have both: {lift} times as many as by chance (p = {p_value}).",
        ),
    },
}

Deed = Literal[
    "add_provider",
    "take_off",
    "switch",
    "look",
    "cut_spend",
    "cut_or_close",
    "clear",
    "coupons",
    "uses",
    "pack",
    "tier",
    "bundle",
]
"""What an action does."""

DEEDS: Mapping[Language, Mapping[Deed, tuple[str, ...]]] = {
    "zh-CN": {
        "add_provider": ("没有其他可切换的支付渠道：请查看各渠道设置，另行开通一个。",),
        "take_off": ("停用 {provider}，买家改用其他已启用的支付渠道；已付款项仍可查询和退款。",),
        "switch": ("先启用 {other}，再停用 {provider}。",),
        "look": ("按小时查看当天成交、支付失败原因与缺货情况。",),
        "cut_spend": ("查看本月各计划的投放，在投放平台削减亏损的计划。",),
        "cut_or_close": (
            "先查看本月各计划的投放，在投放平台削减亏损的计划；若整个渠道都亏损，",
            "第二个调用会关闭渠道“{channel}”：重新启用前，该渠道不再售卖。",
        ),
        "clear": ("降价 {clearance_off} 促销：{price} → {clearance}（各渠道价与阶梯价同比例）。售完后请改回。",),
        "coupons": ("生成 {count} 张 {discount} 折券（{coupon_days} 天有效），导出后发给名单中的客户。",),
        "uses": ("会员订阅尚未开放；目前最接近的做法：{uses} 次卡，按 {uses_paid} 次计价（草稿，发布后开售）。",),
        "pack": ("会员订阅尚未开放；目前最接近的做法：{pack} 件装，优惠 {pack_off}（草稿，发布后开售）。",),
        "tier": ("会员订阅尚未开放；目前最接近的做法：买 {pack} 件起优惠 {pack_off}。",),
        "bundle": ("做成组合装，优惠 {bundle_off}（草稿，发布后开售）。",),
    },
    "en": {
        "add_provider": ("There is no other provider to switch to: look at how they are set up, and add one.",),
        "take_off": (
            "Take {provider} off: shoppers pay by the others that are on. What was paid through it is still queried ",
            "and refunded.",
        ),
        "switch": ("Put {other} on, then take {provider} off.",),
        "look": ("Look at the day by the hour: sales, why payments failed, what was out of stock.",),
        "cut_spend": ("See what each campaign of the month cost, and cut those that lose where they are booked.",),
        "cut_or_close": (
            "See what each campaign of the month cost, and cut those that lose where they are booked. If all of it ",
            "loses, the second call closes {channel}: nothing is sold there until it is put on again.",
        ),
        "clear": (
            "Sell it {clearance_off} cheaper: {price} → {clearance}, channels' prices and tiers alike. Set it back ",
            "once it is sold.",
        ),
        "coupons": (
            "Make {count} coupons of {percent} off, good for {coupon_days} days; export them, and hand them to those ",
            "on the lists.",
        ),
        "uses": (
            "Memberships are not sold yet; nearest to one is a card of {uses} uses for the price of {uses_paid} ",
            "(a draft until you publish it).",
        ),
        "pack": (
            "Memberships are not sold yet; nearest to one is a pack of {pack} at {pack_off} off (a draft until you ",
            "publish it).",
        ),
        "tier": ("Memberships are not sold yet; nearest to one is {pack_off} off from {pack} pieces.",),
        "bundle": ("Sell them as a bundle at {bundle_off} off (a draft until you publish it).",),
    },
}

WEEKDAYS: Mapping[Language, tuple[str, ...]] = {
    "zh-CN": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"),
}
DIRECTIONS: Mapping[Language, tuple[str, str]] = {"zh-CN": ("偏低", "偏高"), "en": ("little", "much")}
