import { describe, expect, it } from "vitest";

import type { Invoice } from "../order/visit";
import { askable, formOf, sent, wrongIn } from "./invoice";

const FORM = { kind: "company" as const, title: " 示例公司 ", tax_number: "91350100m000100y43", email: "" };

describe("an invoice's form", () => {
  it("names all that is wrong", () => {
    expect(wrongIn(FORM)).toEqual({});
    expect(wrongIn({ ...FORM, title: " ", tax_number: "123", email: "x" })).toEqual({ title: "missing", tax_number: "form", email: "form" });
    expect(wrongIn({ ...FORM, tax_number: "" })).toEqual({ tax_number: "missing" });
    expect(wrongIn({ ...FORM, kind: "personal", tax_number: "" })).toEqual({});
  });

  it("is sent as the API takes it", () => {
    expect(sent(FORM)).toEqual({ kind: "company", title: "示例公司", tax_number: "91350100M000100Y43", email: null });
    expect(sent({ ...FORM, kind: "personal" }).tax_number).toBeNull();
  });

  it("can be sent until it is issued", () => {
    const at = (state: string): Invoice => ({ state }) as unknown as Invoice;
    expect(askable(null)).toBe(true);
    expect(["requested", "refused", "reversed"].every((one) => askable(at(one)))).toBe(true);
    expect(["issued", "to_reverse"].some((one) => askable(at(one)))).toBe(false);
    expect(formOf(null)).toEqual({ kind: "personal", title: "", tax_number: "", email: "" });
  });
});
