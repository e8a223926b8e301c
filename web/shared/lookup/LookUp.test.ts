import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createI18n } from "vue-i18n";

import type { Api } from "../api/client";
import { Problem } from "../api/problem";
import en from "../locales/en.json";
import zh from "../locales/zh-CN.json";
import LookUp from "./LookUp.vue";

// jsdom has no layout to scroll.
Element.prototype.scrollIntoView = () => undefined;
beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const order = { id: "O1", access_token: "qo_1" };

function opened(locale: "en" | "zh-CN", answers: unknown[]) {
  const POST = vi.fn(async () => {
    const next = answers.shift();
    if (next instanceof Problem) throw next;
    return { data: { orders: next } };
  });
  const i18n = createI18n({ legacy: false, locale, messages: { en, "zh-CN": zh } as never });
  const page = mount(LookUp, { props: { front: () => ({ POST }) as unknown as Api }, global: { plugins: [i18n] }, attachTo: document.body });
  const press = async (): Promise<void> => {
    await page.find("form").trigger("submit");
    await flushPromises();
  };
  return { page, press, POST, button: () => page.find("button[type=submit]") };
}

it.each([
  ["en", 1, "Too many tries: please wait a second.", "Wait 1 s", "Find order"],
  ["en", 20, "Too many tries: please wait 20 seconds.", "Wait 20 s", "Find order"],
  ["zh-CN", 20, "操作太频繁，请 20 秒后再试。", "请等 20 秒", "查找订单"],
] as const)("a try too many is told how long to wait (%s, %d s)", async (locale, seconds, told, waits, find) => {
  const { page, press, POST, button } = opened(locale, [new Problem(429, "too_many_requests", "", {}, seconds), [order]]);
  await page.findAll("input")[0]?.setValue("a@example.com");
  await page.findAll("input")[1]?.setValue("1234");
  await press();
  expect(page.find("[aria-live=polite] .note").text()).toBe(told);
  expect([button().text(), button().attributes("disabled")]).toEqual([waits, ""]);
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  expect([button().text(), button().attributes("disabled")]).toEqual([find, undefined]);
  await press();
  expect(page.emitted("found")?.at(-1)).toEqual([[order]]);
  expect(POST).toHaveBeenLastCalledWith("/v1/orders/lookup", { body: { contact: "a@example.com", query_password: "1234" } });
  page.unmount();
});

it("asks nothing while something is missing, and brings its reader there", async () => {
  const { page, press, POST } = opened("en", []);
  await page.findAll("input")[0]?.setValue("somebody");
  await page.findAll("input")[1]?.setValue("123");
  await press();
  expect(page.findAll(".wrong").map((one) => one.text())).toEqual(["This looks like neither a phone number nor an e-mail: please check.", "Please give the order password: it has at least 4 characters."]);
  expect(document.activeElement).toBe(page.find("input").element);
  expect(POST).not.toHaveBeenCalled();
  page.unmount();
});

it("says that nothing was found, and forgets what was found before", async () => {
  const { page, press } = opened("en", [[order], []]);
  await page.findAll("input")[0]?.setValue("138 0013 8000");
  await page.findAll("input")[1]?.setValue("1234");
  await press();
  expect(page.text()).toContain("One order found.");
  await press();
  expect(page.text()).toContain("No order found.");
  expect(page.emitted("found")?.at(-1)).toEqual([[]]);
  page.unmount();
});
