import { describe, expect, it } from "vitest";

import { clock, codesIn, formOf, termsOf, wrongIn, type Terms } from "./terms";

const full: Terms = {
  value: { kind: "discount", percent: 1500, max_off: 3000, amount_off: null },
  currency: "CNY",
  pin_digits: 6,
  ways: ["code"],
  reversal_minutes: 60,
  code_template: "****-****-****-****-***?",
  issue: "stock",
  floor_price: 900,
  regions: ["shanghai"],
  rules: {
    valid_from: "2026-11-01T00:00:00.000Z",
    valid_until: "2026-12-01T00:00:00.000Z",
    days_from_delivery: 30,
    weekdays: [1, 2],
    hours: [{ opens: "09:00", closes: "12:00" }, { opens: "14:00", closes: "02:00" }],
    blackout_dates: ["2026-12-24"],
    stores: ["jingan"],
    goods: ["latte"],
    minimum_spend: 5000,
    per_day: 1,
    per_member: 3,
    per_member_per_day: 1,
    when: "now.hour < 17",
  },
};

describe("a voucher's terms", () => {
  it("come out of the form as they went in, whatever they are", () => {
    expect(termsOf(formOf(full))).toEqual(full);
    const values: Terms["value"][] = [{ kind: "once" }, { kind: "times", times: 3 }, { kind: "amount", amount: 10000 }, { kind: "goods", goods: [{ name: "latte", quantity: 2 }] }];
    for (const value of values) expect(termsOf(formOf({ ...full, value })).value).toEqual(value);
  });

  it("say what is wrong before they are sent", () => {
    const form = formOf(full);
    form.kind = "amount";
    form.amount = "lots";
    form.pin = 3;
    form.ways = [];
    form.hours = [{ opens: "09:00", closes: "" }];
    form.until = "2026-10-01T00:00";
    expect([...wrongIn(form).keys()].sort()).toEqual(["amount", "hours", "pin", "until", "ways"]);
  });

  it("show a moment by the reader's clock, and mean the same one", () => {
    expect(new Date(clock("2026-11-01T08:30:00Z")).toISOString()).toBe("2026-11-01T08:30:00.000Z");
  });
});

describe("codes that were pasted", () => {
  it("are a line each, however they are parted, and no more than one call finds", () => {
    expect(codesIn(" abcd-1\n\nabcd-2, abcd-3；abcd-4 ")).toEqual(["abcd-1", "abcd-2", "abcd-3", "abcd-4"]);
    expect(codesIn("a\n".repeat(200))).toHaveLength(100);
  });
});
