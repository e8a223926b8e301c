"""The mails as they are until the merchant writes their own."""

from quanyi.catalog.model import Language
from quanyi.mail.model import BuyerMail, MailKind, MailTemplate
from quanyi.mail.page import page
from quanyi.mail.staff_defaults import TO_STAFF

TO_BUYERS: dict[tuple[BuyerMail, Language], MailTemplate] = {
    ("delivery", "zh-CN"): MailTemplate(
        subject="您的订单 $order 已发货",
        text=(
            "您好：\n\n您购买的商品已发货：\n\n$items\n\n请打开以下链接查看商品与使用说明：\n$link\n\n"
            "订单号：$order\n持有此链接即可查看，请勿转发给他人。\n"
        ),
        html=page(
            "zh-CN",
            "您好：",
            "您购买的商品已发货：",
            "$items",
            label="查看商品",
            last="订单号：$order<br>持有此链接即可查看，请勿转发给他人。",
        ),
    ),
    ("delivery", "en"): MailTemplate(
        subject="Your order $order has been delivered",
        text=(
            "Hello,\n\nwhat you bought has been delivered:\n\n$items\n\nOpen it here:\n$link\n\n"
            "Order: $order\nWhoever has this link can open it, so please don't pass it on.\n"
        ),
        html=page(
            "en",
            "Hello,",
            "what you bought has been delivered:",
            "$items",
            label="Open it",
            last="Order: $order<br>Whoever has this link can open it, so please don't pass it on.",
        ),
    ),
    ("accounts_wanted", "zh-CN"): MailTemplate(
        subject="请填写订单 $order 的充值账号",
        text=(
            "您好：\n\n您购买的以下商品需要充值账号才能到账：\n\n$items\n\n请打开以下链接填写：\n$link\n\n"
            "请在 $due 之前填写，逾期将原路退款。\n订单号：$order\n持有此链接即可查看，请勿转发给他人。\n"
        ),
        html=page(
            "zh-CN",
            "您好：",
            "您购买的以下商品需要充值账号才能到账：",
            "$items",
            "请在 <strong>$due</strong> 之前填写，逾期将原路退款。",
            label="填写账号",
            last="订单号：$order<br>持有此链接即可查看，请勿转发给他人。",
        ),
    ),
    ("accounts_wanted", "en"): MailTemplate(
        subject="Your order $order needs an account",
        text=(
            "Hello,\n\nwhat you bought can only be topped up once you say which account:\n\n$items\n\n"
            "Fill it in here:\n$link\n\nPlease do so before $due; after that your money goes back.\n"
            "Order: $order\nWhoever has this link can open it, so please don't pass it on.\n"
        ),
        html=page(
            "en",
            "Hello,",
            "what you bought can only be topped up once you say which account:",
            "$items",
            "Please do so before <strong>$due</strong>; after that your money goes back.",
            label="Fill it in",
            last="Order: $order<br>Whoever has this link can open it, so please don't pass it on.",
        ),
    ),
    ("refund", "zh-CN"): MailTemplate(
        subject="您的订单 $order 已退款",
        text=(
            "您好：\n\n订单 $order 的退款 $amount 已退回原支付方式，到账时间以支付机构为准。\n\n"
            "查看订单：\n$link\n\n持有此链接即可查看，请勿转发给他人。\n"
        ),
        html=page(
            "zh-CN",
            "您好：",
            "订单 $order 的退款 <strong>$amount</strong> 已退回原支付方式，到账时间以支付机构为准。",
            label="查看订单",
            last="持有此链接即可查看，请勿转发给他人。",
        ),
    ),
    ("refund", "en"): MailTemplate(
        subject="A refund for your order $order",
        text=(
            "Hello,\n\n$amount of your order $order went back the way you paid. Your payment provider decides when it "
            "arrives.\n\nSee your order:\n$link\n\nWhoever has this link can open it, so please don't pass it on.\n"
        ),
        html=page(
            "en",
            "Hello,",
            "<strong>$amount</strong> of your order $order went back the way you paid. Your payment provider decides "
            "when it arrives.",
            label="See your order",
            last="Whoever has this link can open it, so please don't pass it on.",
        ),
    ),
}

DEFAULTS: dict[tuple[MailKind, Language], MailTemplate] = {**TO_BUYERS, **TO_STAFF}
