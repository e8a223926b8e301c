import { flushPromises, mount } from "@vue/test-utils";
import { ElOption, ElSelect } from "element-plus";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import SkuPick from "./SkuPick.vue";

const search = vi.hoisted(() => vi.fn());
vi.mock("./skus", async (real) => ({ ...(await real<object>()), searchSkus: search }));
vi.mock("vue-i18n", () => ({ useI18n: () => ({ t: (key: string) => key, locale: { value: "en" } }) }));
beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** What is chosen once somebody has typed that and gone on, where the shop has these SKUs for it. */
async function left(typed: string, ...ids: string[]): Promise<unknown> {
  search.mockResolvedValue(ids.map((id) => ({ id, title: id, product: "P1" })));
  const page = mount(SkuPick, { props: { modelValue: "", label: "SKU" }, attachTo: document.body, global: { components: { ElSelect, ElOption } } });
  await vi.runAllTimersAsync();
  const input = page.find("input");
  await input.trigger("focus");
  (input.element as HTMLInputElement).value = typed;
  await input.trigger("input");
  await input.trigger("blur");
  await vi.runAllTimersAsync();
  await flushPromises();
  const told = page.emitted("update:modelValue")?.at(-1)?.[0];
  page.unmount();
  return told;
}

it("takes an id that was typed whole and left there", async () => {
  expect(await left("month", "month-plus", "month")).toBe("month");
  expect(await left("archived-1")).toBe("archived-1");
});

it("takes no words that others were found for", async () => {
  expect(await left("mon", "month")).toBeUndefined();
});
