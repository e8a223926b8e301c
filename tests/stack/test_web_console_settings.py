"""The console's settings in a browser: each is saved, and read again by another visit."""

import re

import pytest
from playwright.sync_api import expect

from tests.stack.browser import Language, Pages
from tests.stack.console import Console, choose
from tests.stack.psp import Psp
from tests.stack.shop import Shop, number, until


@pytest.mark.parametrize(("language", "phone"), [("zh-CN", True), ("en", False)], ids=["zh-phone", "en-desk"])
def test_what_insights_must_see_is_chosen(shop: Shop, pages: Pages, edge: str, language: Language, phone: bool) -> None:
    console = Console(pages, shop.operator, language, phone)
    console.to("insightRules")
    page, says = console.page, console.says
    box = page.get_by_role("spinbutton", name=says("settings.rule.bundle.together"))
    # Another number whenever this runs again in the same shop.
    new = "60" if box.input_value() != "60" else "70"
    box.fill(new)
    box.press("Tab")
    expect(page.get_by_text(says("settings.rulesUnsaved"))).to_be_visible()
    console.fits()
    console.button("settings.save").click()
    console.tells("settings.rulesSaved")

    analyst = Console(pages, shop.new_key("analyst")["key"], language, phone, at="/insight-rules")
    read = analyst.page.get_by_role("spinbutton", name=says("settings.rule.bundle.together"))
    expect(read).to_have_value(new)
    expect(read).to_be_disabled()
    expect(analyst.button("settings.save")).to_have_count(0)
    # All as it was: other tests go by it.
    console.button("settings.allDefaults").click()
    console.button("settings.save").click()
    expect(box).to_have_value("20")
    expect(page.get_by_text(says("settings.rulesUnsaved"))).to_have_count(0)
    assert shop.admin("GET", "/insights/rules").must()["rules"]["bundle"]["together"] == 20


def test_whom_the_digest_goes_to_is_chosen(shop: Shop, pages: Pages, edge: str) -> None:
    boss = f"{number('boss-')}@example.com"
    console = Console(pages, shop.operator, "en", phone=True)
    console.to("digest")
    page, says = console.page, console.says
    console.button("ui.add").click()
    last = page.get_by_role("group", name=says("settings.digestTo")).get_by_role("textbox").last
    last.fill("boss@example")
    expect(page.get_by_text(says("settings.digestWrong.address", address="boss@example"))).to_be_visible()
    expect(console.button("settings.save")).to_be_disabled()
    last.fill(boss)
    choose(page, page.locator("main"), says("settings.digestHour"), "09:00")
    page.locator("main").get_by_text("English", exact=True).click()
    console.fits()
    console.button("settings.save").click()
    console.tells("settings.digestSaved")

    again = Console(pages, shop.operator, "en", at="/digest")
    texts = again.page.get_by_role("group", name=says("settings.digestTo")).get_by_role("textbox")
    expect(texts.last).to_have_value(boss)
    kept = shop.admin("GET", "/digest").must()["digest"]
    assert (kept["hour"], kept["language"]) == (9, "en")
    # Nobody of this shop is to be mailed by what another test does.
    again.page.get_by_role("button", name=says("ui.delete")).last.click()
    again.button("settings.save").click()
    again.tells("settings.digestSaved")


def test_a_reseller_gets_an_account_and_its_secret_once(shop: Shop, pages: Pages, edge: str) -> None:
    name = number("agent-")
    shop.admin("POST", "/channels", {"id": name, "name": name, "kind": "agent"}).must()
    console = Console(pages, shop.operator, "zh-CN", phone=True)
    console.to("resellers")
    page, says = console.page, console.says
    console.button("settings.openAccount").click()
    form = console.drawer("settings.openAccount")
    choose(page, form, says("settings.channel"), name)
    console.field("settings.credit", form).fill("100")
    console.fits()
    console.button("settings.save", form).click()

    account = page.get_by_role("dialog", name=name)
    console.button("settings.makeSecret", account).click()
    secret = account.locator(".secret code").inner_text()
    shop.credentials.append(secret)
    assert len(secret) == 48
    console.fits()
    account.get_by_role("tab", name=says("settings.moves")).click()
    console.field("settings.amount", account).fill("500")
    console.button("settings.book", account).click()
    expect(account.locator(".sums")).to_contain_text(f"{says('settings.left')} ¥600.00")
    expect(account.get_by_role("row").filter(has_text=says("settings.move.deposit"))).to_contain_text("¥500.00")

    later = Console(pages, shop.operator, "zh-CN", at="/resellers")
    later.page.get_by_role("button", name=name).click()
    expect(later.page.locator(".sums")).to_contain_text("¥600.00")
    assert secret not in later.page.content(), "shown once"


def test_a_bot_is_kept_and_its_address_is_not_shown_again(shop: Shop, pages: Pages, edge: str) -> None:
    name, webhook = number("bot-"), f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={number()}{number()}"
    shop.credentials.append(webhook)
    console = Console(pages, shop.operator, "en")
    console.to("bots")
    page, says = console.page, console.says
    console.button("settings.addBot").click()
    form = console.drawer("menu.bots")
    console.field("settings.id", form).fill(name)
    console.field("settings.name", form).fill("Night watch")
    console.field("settings.webhook", form).fill(webhook)
    console.fits()
    console.button("settings.save", form).click()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text(says("settings.on"))
    row.get_by_role("button", name=says("settings.edit")).click()
    expect(console.field("settings.name", console.drawer("menu.bots"))).to_have_value("Night watch")
    assert webhook not in page.content()
    shop.admin("DELETE", f"/bots/{name}")


def test_a_providers_keys_are_only_written(shop: Shop, pages: Pages, edge: str, psps: dict[str, Psp]) -> None:
    path = "/payment-providers"
    before = shop.admin("GET", path).must()
    console = Console(pages, shop.operator, "en", at="/payments")
    page, says = console.page, console.says
    page.get_by_role("article").filter(has_text="Alipay").get_by_role("button").click()
    form = page.get_by_role("dialog", name="Alipay")
    # None named are all that there are: they are shown as chosen.
    expect(form.get_by_role("checkbox", name=says("settings.way.alipay_page"))).to_be_checked()
    form.get_by_label("app_id", exact=True).fill("my shop")
    console.button("settings.save", form).click()
    item = form.locator(".el-form-item")
    expect(item.filter(has=page.get_by_label("app_id", exact=True))).to_contain_text(says("fault.credential_invalid"))
    pasted = f"key of {number()}"
    for name in ("private_key", "alipay_public_key"):
        box = form.get_by_label(name, exact=True)
        expect(box).to_have_value("")
        box.fill(pasted)
    console.button("secrets.send", form).click()
    expect(item.filter(has=page.get_by_label("private_key", exact=True))).to_contain_text(says("fault.not_a_key"))
    console.fits()

    # Closed over what was typed: asked about, then gone from the page.
    page.keyboard.press("Escape")
    console.button("common.cancel", console.drawer("ui.leave")).click()
    expect(form.get_by_label("private_key", exact=True)).to_have_value(pasted)
    page.keyboard.press("Escape")
    console.button("ui.leaveYes", console.drawer("ui.leave")).click()
    expect(form).to_be_hidden()
    assert pasted not in page.content()
    assert shop.admin("GET", path).must() == before


def test_a_mail_keeps_its_link_and_its_writer_their_text(shop: Shop, pages: Pages, edge: str) -> None:
    console = Console(pages, shop.operator, phone=True, at="/mails")
    page, says = console.page, console.says
    text, english = console.field("settings.text"), page.locator("main").get_by_text("English", exact=True)
    text.fill("你好 $nobody")
    console.button("settings.save").click()
    expect(page.get_by_text(says("fault.placeholder_unknown"))).to_be_visible()
    text.fill("你好")
    console.button("settings.save").click()
    expect(page.get_by_text(says("fault.link_missing"))).to_be_visible()
    console.fits()
    # The same mail in the other language would be another text in the same form.
    english.click()
    console.button("common.cancel", console.drawer("ui.leave")).click()
    expect(text).to_have_value("你好")
    english.click()
    console.button("ui.leaveYes", console.drawer("ui.leave")).click()
    expect(text).to_have_value(re.compile(r"^Hello"))
    expect(page.get_by_text(says("fault.link_missing"))).to_have_count(0)
    assert not [one for one in shop.admin("GET", "/mail-templates").must()["templates"] if one["changed_at"]]


def test_bands_are_written_in_any_order(shop: Shop, pages: Pages, edge: str) -> None:
    console = Console(pages, shop.operator, "en", at="/bands")
    page, says = console.page, console.says
    fixed, equal = (page.get_by_text(says(f"settings.{name}"), exact=True) for name in ("fixed", "quantiles"))
    recency, save = console.field("settings.recency"), console.button("settings.save")
    fixed.click()
    recency.fill("7, 7")
    expect(page.get_by_text(says("settings.noEdges", most=4))).to_be_visible()
    expect(save).to_be_disabled()
    recency.fill("30, 7, 90")
    save.click()
    console.tells("settings.bandsSaved")
    expect(recency).to_have_value("90, 30, 7")
    assert shop.admin("GET", "/rfm-bands").must()["recency"] == [90, 30, 7]
    console.fits()
    # As it was: reports of other tests go by it.
    equal.click()
    save.click()
    until(lambda: shop.admin("GET", "/rfm-bands").must()["recency"] == [])
    expect(save).to_be_disabled()
