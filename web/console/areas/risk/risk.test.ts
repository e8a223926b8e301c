import { describe, expect, it } from "vitest";

import { formOf, policiesOf, wrongIn } from "./limits";
import { begun, cellFaults, faultsOf, fieldsFor, newRow, rowsOf, same, tableOf, type Row } from "./table";
import { bodyOf, wrongWho, type Who } from "./who";

const row = (more: Partial<Row> = {}): Row => ({ key: 1, id: "many", when: "order.total > 3", then: "hold", score: 0, reason: "many_orders", public: false, ...more });

describe("a table of rules", () => {
  it("comes out of the editor as it went in", () => {
    const table = { rules: [{ id: "a", when: "x", then: "score" as const, score: 40, reason: "r", public: true }], hold_at: 100, refuse_at: null };
    expect(tableOf(rowsOf(table), 100, null)).toEqual(table);
    expect(same(table, { ...table, rules: [...table.rules] })).toBe(true);
    expect(same(table, { ...table, hold_at: 99 })).toBe(false);
  });

  it("says at the cell what the API would refuse", () => {
    const found = faultsOf([row({ id: "A b" }), row({ reason: "Many" }), row({ when: " " }), row({ then: "score", score: 0 })]);
    expect([...found.keys()]).toEqual(["0.id", "1.reason", "2.id", "2.when", "3.id", "3.score"]);
    expect(found.get("2.id")).toBe("risk.cell.twice");
  });

  it("puts the API's faults at their cells", () => {
    const faults = [
      { field: "rules.1.when", code: "unknown_field", message: "no order.totl" },
      { field: "table.rules.0.id", code: "string_pattern_mismatch", message: "form" },
      { field: "base", code: "x", message: "y" },
    ];
    expect([...cellFaults(faults)]).toEqual([["1.when", "no order.totl"], ["0.id", "form"]]);
  });

  it("names a new rule as none is", () => {
    expect(newRow([row({ id: "rule_2" })]).id).toBe("rule_3");
  });
});

describe("fields of a condition", () => {
  const fields = [
    { name: "order.total", type: "number", about: "price, minor units" },
    { name: "lists.blocked", type: "texts", about: "what is on the block list" },
  ];
  it("are found by name and by meaning", () => {
    expect(fieldsFor(fields, "price").map((one) => one.name)).toEqual(["order.total"]);
    expect(fieldsFor(fields, "list block").map((one) => one.name)).toEqual(["lists.blocked"]);
  });
  it("begin a condition", () => {
    expect(fields.map(begun)).toEqual(["order.total >= 1", "'email' in lists.blocked"]);
  });
});

describe("policies", () => {
  it("come out of the form as they went in", () => {
    const policies = {
      amounts: [{ at: "order" as const, above: { amount: 50000, currency: "CNY" }, then: "hold" as const }],
      windows: [{ at: "order" as const, identity: "phone" as const, counted: "placed" as const, window: "1h" as const, most: 5, then: "refuse" as const }],
      units: [{ at: "order" as const, most: 20, then: "hold" as const }],
      delays: [{ minutes: 30, above: null, channels: ["site"], known_less_than_days: 7 }],
      unpaid: { orders: 3, units: 30 },
      reviews: { refund: { minutes: 60, otherwise: "refuse" as const } },
    };
    expect(policiesOf(formOf(policies))).toEqual(policies);
  });

  it("say which amount cannot be read", () => {
    const form = formOf({});
    form.amounts.push({ at: "order", above: "many", currency: "CNY", then: "hold" });
    form.reviews.push({ point: "order", minutes: 1, otherwise: "refuse" }, { point: "order", minutes: 2, otherwise: "refuse" });
    expect([...wrongIn(form).keys()]).toEqual(["amounts.0.above", "reviews.1.point"]);
  });
});

describe("whom a list is about", () => {
  const who: Who = { kind: "member", by: "value", value: " u1 ", channel: "site", order: "" };
  it("is a value, or what an order was placed with", () => {
    expect(bodyOf(who)).toEqual({ kind: "member", value: "u1", channel: "site", order: null });
    expect(bodyOf({ ...who, kind: "phone" }).channel).toBeNull();
    expect(wrongWho({ ...who, by: "order", order: "O1" })).not.toBe("");
  });
});
