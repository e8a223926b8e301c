import { describe, expect, it } from "vitest";

import { accounts, newDraft, sent, wrong } from "./draft";
import type { Field } from "./form";

const QQ: Field = {
  ...{ name: "qq", kind: "qq", titles: { en: "QQ" }, hints: {}, required: true, secret: false },
  ...{ characters: "any", least: 1, most: 64, countries: ["86"], options: [] },
};

describe("accounts that are being filled in", () => {
  it("are one for all, or one for each", () => {
    const draft = newDraft();
    expect(accounts(draft, 3)).toHaveLength(1);
    draft.each = true;
    expect(accounts(draft, 3)).toHaveLength(3);
    expect(Object.keys(wrong([QQ], draft, 3, null))).toEqual(["0.qq", "1.qq", "2.qq"]);
  });

  it("keep what was typed while the quantity changes, and send what it needs", () => {
    const draft = newDraft();
    draft.each = true;
    accounts(draft, 2).forEach((values, i) => (values["qq"] = `1000${i}`));
    expect(sent([QQ], draft, 1, null)).toEqual([{ qq: "10000" }]);
    expect(sent([QQ], draft, 2, null)).toEqual([{ qq: "10000" }, { qq: "10001" }]);
    expect(sent([], draft, 2, null)).toEqual([]);
  });

  it("are wrong where the API said so", () => {
    const draft = newDraft();
    accounts(draft, 1).forEach((values) => (values["qq"] = "10000"));
    draft.refused = { "0.qq": "refused" };
    expect(wrong([QQ], draft, 1, null)).toEqual({ "0.qq": "refused" });
  });

  it("are asked for and sent later only where that may be", () => {
    const draft = { ...newDraft(), later: true };
    expect([wrong([QQ], draft, 1, 48), sent([QQ], draft, 1, 48)]).toEqual([{}, []]);
    expect([wrong([QQ], draft, 1, null), sent([QQ], draft, 1, null)]).toEqual([{ "0.qq": "missing" }, [{}]]);
    expect(wrong([QQ], newDraft(), 1, 48)).toEqual({ "0.qq": "missing" });
  });
});
