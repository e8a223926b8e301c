import { describe, expect, it } from "vitest";

import type { Schemas } from "@shared/api/client";

import { paragraphs, rules, worth } from "./words";

type Voucher = Schemas["ShownVoucher"];

const t = (key: string, values: Record<string, unknown> = {}) =>
  key === "voucher.and" ? ", " : [key.replace("voucher.", ""), ...Object.values(values)].join(" ");
const speech = { t, language: "en", currency: "CNY" };
const voucher = (value: Voucher["value"], more: Partial<Voucher["rules"]> = {}, regions: string[] = []): Voucher => ({ value, rules: more as Voucher["rules"], regions });

describe("a voucher in words", () => {
  it.each([
    [{ kind: "once" }, "once"],
    [{ kind: "times", times: 3 }, "times 3"],
    [{ kind: "amount", amount: 5000 }, "amount ¥50.00"],
    [{ kind: "discount", amount_off: 1000 }, "amountOff ¥10.00"],
    [{ kind: "discount", percent: 1250, max_off: 3000 }, "percentMost 12.5% ¥30.00"],
    [{ kind: "discount", percent: 2000 }, "percent 20% ¥0.00"],
    [{ kind: "goods", goods: [{ name: "Latte", quantity: 2 }, { name: "Cake", quantity: 1 }] }, "goods Latte × 2, Cake × 1"],
  ] as [Voucher["value"], string][])("is worth %j", (value, said) => {
    expect(worth(voucher(value), speech)).toBe(said);
  });

  it("tells every rule that is set, and none that is not", () => {
    expect(rules(voucher({ kind: "once" }), speech)).toEqual([]);
    const set: Partial<Voucher["rules"]> = {
      valid_until: "2026-12-31T15:59:59Z",
      days_from_delivery: 90,
      weekdays: [5, 1],
      hours: [{ opens: "07:00", closes: "22:00" }],
      blackout_dates: ["2026-10-01"],
      stores: ["jingan"],
      goods: ["latte"],
      minimum_spend: 5000,
      per_day: 1,
      per_member: 2,
      per_member_per_day: 1,
    };
    expect(rules(voucher({ kind: "once" }, set, ["shanghai"]), speech)).toEqual([
      "validUntil Dec 31, 2026",
      "daysFromDelivery 90",
      "weekdays Mon, Fri",
      "hours 07:00–22:00",
      "blackout Oct 1, 2026 1",
      "stores jingan",
      "regions shanghai",
      "onlyGoods latte",
      "minimumSpend ¥50.00",
      "perDay 1",
      "perMember 2",
      "perMemberPerDay 1",
    ]);
  });

  it("does not name every day of the week, nor a year of closed days", () => {
    const dates = Array.from({ length: 9 }, (_, i) => `2026-10-0${i + 1}`);
    const [only, ...none] = rules(voucher({ kind: "once" }, { weekdays: [1, 2, 3, 4, 5, 6, 7], blackout_dates: dates }), speech);
    expect(none).toEqual([]);
    expect(only).toMatch(/^blackoutMore .* 9$/);
  });
});

describe("a description", () => {
  it("is paragraphs of text", () => {
    expect(paragraphs("One\nline\r\n\r\n  Two\n \n\n")).toEqual(["One\nline", "Two"]);
    expect(paragraphs("")).toEqual([]);
  });
});
