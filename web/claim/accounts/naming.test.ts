import { describe, expect, it } from "vitest";

import { newDraft, type Draft } from "@shared/accounts/draft";
import type { Field } from "@shared/accounts/form";

import { naming, refusals, type Missing } from "./naming";

const PHONE = { name: "bill.v2.phone", kind: "phone", required: true, countries: ["86"], options: [] } as unknown as Field;
const MISSING = { line: 2, numbers: [1, 3], account_form: [PHONE] } as unknown as Missing;
const draft = (more: Partial<Draft>): Draft => ({ ...newDraft(), ...more });
const phone = (number: string) => ({ "bill.v2.phone": number });

describe("accounts that are named afterwards", () => {
  it("are sent in their places, one for all or one for each", () => {
    expect(naming(MISSING, 4, draft({ values: [phone(" 138 ")] }))).toEqual([{}, phone("138"), {}, phone("138")]);
    expect(naming(MISSING, 4, draft({ each: true, values: [phone("138"), phone("139")] }))).toEqual([{}, phone("138"), {}, phone("139")]);
    expect(naming({ ...MISSING, numbers: [0] }, 1, draft({ values: [phone("138")] }))).toEqual([phone("138")]);
  });

  it("are wrong at their own fields", () => {
    const errors = [{ field: "accounts.3.bill.v2.phone", reason: "country" }, { field: "accounts.0.bill.v2.phone", reason: "format" }, { field: "line", reason: "unknown" }];
    expect(refusals(MISSING, draft({ each: true }), errors)).toEqual({ "1.bill.v2.phone": "country" });
    expect(refusals(MISSING, draft({}), errors.slice(0, 1))).toEqual({ "0.bill.v2.phone": "country" });
    expect(refusals(MISSING, draft({}), [{ field: "accounts.1.bill.v2", reason: "refused" }])).toEqual({ "0.bill.v2.phone": "refused" });
  });
});
