import { describe, expect, it, vi } from "vitest";

import { Problem } from "@shared/api/problem";

import { attempt, outcomeOf, sent, type Attempt } from "./attempt";

const rest = (): Promise<void> => Promise.resolve();
const lost = new Problem(0, "unreachable", "");

describe("an attempt", () => {
  it("whose answer was lost is sent again under the same key", async () => {
    const keys: string[] = [];
    const send = (one: Attempt<{ code: string }>): Promise<string> => {
      keys.push(one.key);
      return keys.length < 3 ? Promise.reject(lost) : Promise.resolve("R1");
    };
    expect(await sent(attempt({ code: "A" }), send, false, rest)).toEqual({ kind: "done", answer: "R1" });
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });

  it("is unknown, not refused, as long as no answer comes", async () => {
    const send = vi.fn(() => Promise.reject(lost));
    expect((await sent(attempt({}), send, false, rest)).kind).toBe("unknown");
    expect(send).toHaveBeenCalledTimes(4);
  });

  it("that was refused is not sent again", async () => {
    const send = vi.fn(() => Promise.reject(new Problem(409, "voucher_spent", "")));
    expect((await sent(attempt({}), send, false, rest)).kind).toBe("refused");
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("goes by what the API says about it", () => {
    const of = (status: number, code: string): string => outcomeOf(new Problem(status, code, "")).kind;
    expect(of(409, "review_needed")).toBe("held");
    expect(of(404, "voucher_unknown")).toBe("refused");
    expect(of(429, "too_many_tries")).toBe("refused");
    expect(of(500, "internal_fault")).toBe("unknown");
    expect(of(503, "busy")).toBe("unknown");
    expect(outcomeOf(new TypeError("x")).kind).toBe("unknown");
  });

  it("that may have gone through is not refused by who only stands at the door", async () => {
    const answers = [lost, new Problem(429, "too_many_requests", ""), lost, lost];
    const send = vi.fn(() => Promise.reject(answers[send.mock.calls.length - 1]));
    expect((await sent(attempt({}), send, false, rest)).kind).toBe("unknown");
    expect(outcomeOf(new Problem(401, "unauthenticated", ""), true).kind).toBe("unknown");
    expect(outcomeOf(new Problem(401, "unauthenticated", "")).kind).toBe("refused");
    expect(outcomeOf(new Problem(409, "voucher_spent", ""), true).kind).toBe("refused");
  });

  it("has a key of its own", () => {
    expect(attempt({}).key).not.toBe(attempt({}).key);
  });
});
