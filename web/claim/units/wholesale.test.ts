import { describe, expect, it } from "vitest";

import type { Unit } from "../order/visit";
import { openable, plain, table } from "./wholesale";

const unit = (more: object): Unit => ({ state: "delivered", kind: "card", revealed: false, withheld: false, title: "月卡", number: null, pin: null, text: null, ...more }) as unknown as Unit;

describe("a wholesale line", () => {
  it("is what has several units to open", () => {
    const cards = [unit({}), unit({ revealed: true }), unit({})];
    expect(openable(cards)).toEqual(cards);
    expect(openable(cards.slice(1))).toEqual([]);
    expect(openable([...cards.slice(1), unit({ kind: "topup" }), unit({ withheld: true }), unit({ state: "refunded" }), unit({ state: "waiting" })])).toEqual([]);
  });

  it("is a text of a line each, exactly as it was delivered", () => {
    expect(plain([unit({ number: "-A1", pin: "007" }), unit({ number: "=B2" }), unit({ text: "hello" })])).toBe("-A1 007\n=B2\nhello\n");
  });

  it("is a table that no spreadsheet rounds or runs", () => {
    const made = table([unit({ number: "6222021234567890123", pin: "0042", valid_until: "2027-01-01" }), unit({ number: "=1+1", pin: "12" }), unit({ text: 'a "b", c' })], ["#", "what", "number", "pin", "until"]);
    expect(made).toBe('\ufeff#,what,number,pin,until\r\n1,月卡,6222021234567890123\t,0042\t,2027-01-01\r\n2,月卡,\'=1+1,12,\r\n3,月卡,"a ""b"", c",,\r\n');
  });
});
