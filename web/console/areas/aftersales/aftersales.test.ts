import { describe, expect, it } from "vitest";

import { actions, isOpen, openOutcome, stepOf, type Case } from "./answers";
import { due } from "./due";
import { accounts, balanced, dayOver } from "./reconciled";

const NOW = Date.parse("2026-11-27T12:00:00Z");
const one = (more: Partial<Case>): Case => ({ state: "waiting_for_us", kind: "complaint", provider: "wechat", order: "O1", inquiry: false, ...more }) as Case;

describe("a deadline", () => {
  it("tells what is left, and what is over", () => {
    expect(due("2026-11-28T14:30:00Z", NOW)).toEqual({ over: false, soon: false, days: 1, hours: 2, minutes: 30 });
    expect(due("2026-11-27T13:00:00Z", NOW)?.soon).toBe(true);
    expect(due("2026-11-27T11:00:00Z", NOW)?.over).toBe(true);
    expect(due(null, NOW)).toBeNull();
  });
});

describe("answers to a case", () => {
  it("are those that the API takes", () => {
    expect(actions(one({}))).toEqual(["reply", "refund", "accept", "decline"]);
    expect(actions(one({ provider: "alipay", order: null }))).toEqual(["reply", "accept"]);
    expect(actions(one({ kind: "dispute", provider: "stripe" }))).toEqual(["reply", "accept"]);
    expect(actions(one({ kind: "dispute", inquiry: true }))).toEqual(["reply", "refund"]);
    expect(actions(one({ kind: "dispute", state: "answered" }))).toEqual([]);
    expect(actions(one({ kind: "dispute", state: "answered", inquiry: true }))).toEqual(["refund"]);
    expect(actions(one({ state: "lost" }))).toEqual([]);
    expect(isOpen({ state: "answered" })).toBe(true);
  });
});

describe("what became of an answer", () => {
  const answered = (outcome: string, review: string | null = null) => openOutcome(one({ answers: [{ outcome, review }] as Case["answers"] }));

  it("is told where somebody has to know", () => {
    expect([answered("succeeded"), answered("failed"), answered("unknown")]).toEqual([undefined, "failed", "unknown"]);
    expect([answered("unknown", "R1"), openOutcome(one({ answers: [] }))]).toEqual([undefined, undefined]);
  });

  it("has words in the history", () => {
    expect(stepOf("waiting_for_us")).toEqual({ kind: "case", value: "waiting_for_us" });
    expect(stepOf("reply")).toEqual({ kind: "answer", value: "reply" });
    expect(stepOf("accept failed")).toEqual({ kind: "failed", value: "accept" });
    expect(stepOf("refund turned down")).toEqual({ kind: "turned_down", value: "refund" });
  });
});

describe("a statement's day", () => {
  it("is one that is over in China, which is the first to have it", () => {
    const noon = Date.parse("2026-11-27T12:00:00+08:00");
    expect([dayOver("2026-11-26", noon), dayOver("2026-11-27", noon), dayOver("", noon)]).toEqual([true, false, false]);
  });
});

describe("what moved on the accounts", () => {
  it("is read whichever way it is nested, and adds up", () => {
    const rows = accounts({ CNY: { owed: -100, "provider:wechat": 100, fees: 0 } });
    expect(rows.map((row) => [row.name, row.amount])).toEqual([["provider:wechat", 100], ["owed", -100]]);
    expect(accounts({ owed: { CNY: -1 } })[0]).toMatchObject({ name: "owed", currency: "CNY" });
    expect([balanced(rows), balanced([{ key: "", name: "a", currency: "CNY", amount: 1 }])]).toEqual([true, false]);
  });
});
