import { describe, expect, it } from "vitest";

import { newDraft } from "@shared/accounts/draft";
import type { Field } from "@shared/accounts/form";

import { orderBody, wantedBy } from "./ordering";

const QQ = { name: "qq", kind: "qq", required: true } as Field;

describe("an order", () => {
  it("is of what the address names, in a number that can be", () => {
    expect(wantedBy({ product: "P1", sku: "month", quantity: "3" })).toEqual([{ product: "P1", sku: "month", quantity: 3 }]);
    expect(wantedBy({ product: "P1", sku: "month", quantity: "lots" })?.[0]?.quantity).toBe(1);
    expect(wantedBy({ product: "P1", sku: "month", quantity: "1001" })?.[0]?.quantity).toBe(1);
    expect(wantedBy({ basket: "CNY" })).toBeNull();
    expect(wantedBy({ product: ["P1"], sku: "month" })).toBeNull();
  });

  it("has accounts only where they are asked for, and a password only where one was chosen", () => {
    const draft = { ...newDraft(), values: [{ qq: " 10000 " }] };
    const lines = [
      { sku: "coins", quantity: 2, fields: [QQ], hours: null, draft },
      { sku: "month", quantity: 1, fields: [], hours: null, draft },
      { sku: "bill", quantity: 1, fields: [QQ], hours: 48, draft: { ...draft, later: true } },
    ];
    const more = { contact: { email: "a@b.example" }, password: "", quote: "v1", language: "en" as const };
    expect(orderBody(lines, more)).toEqual({
      lines: [
        { sku: "coins", quantity: 2, accounts: [{ qq: "10000" }] },
        { sku: "month", quantity: 1 },
        { sku: "bill", quantity: 1 },
      ],
      contact: { email: "a@b.example" },
      language: "en",
      quote: "v1",
    });
    expect(orderBody(lines, { ...more, password: "1234" }).query_password).toBe("1234");
  });
});
