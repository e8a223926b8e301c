import { createApp } from "vue";
import { createI18n } from "vue-i18n";
import { afterEach, expect, it } from "vitest";

import { Problem } from "@shared/api/problem";

import { doing } from "./doing";

let acts: ReturnType<typeof doing>;
const app = createApp({ setup: () => ((acts = doing()), () => null) });
app.use(createI18n({ legacy: false, locale: "en", messages: { en: { problem: { busy: "Busy.", internal_fault: "Fault." } } } }));
app.mount(document.createElement("div"));
afterEach(() => document.querySelectorAll(".el-message").forEach((one) => one.remove()));

const said = (): string => [...document.querySelectorAll(".el-message")].map((one) => one.textContent).join();

it("tells what went wrong with something that a press started", async () => {
  expect(await acts.act(() => Promise.reject(new Problem(503, "busy", "")))).toBe(false);
  expect(said()).toContain("Busy.");
  expect(acts.busy.value).toBe(false);
});

it("tells nothing of what they stopped themselves", async () => {
  expect(await acts.act(() => Promise.reject(new DOMException("", "AbortError")))).toBe(false);
  expect([said(), acts.busy.value]).toEqual(["", false]);
});
