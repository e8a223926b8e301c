import { describe, expect, it } from "vitest";

import { accounts, draftOf, forgetDrafts, sent, wrong } from "./drafts";
import type { Field } from "./form";

const QQ: Field = {
  ...{ name: "qq", kind: "qq", titles: { en: "QQ" }, hints: {}, required: true, secret: false },
  ...{ characters: "any", least: 1, most: 64, countries: ["86"], options: [] },
};

describe("accounts that are being filled in", () => {
  it("are one for all, or one for each", () => {
    const draft = draftOf("one");
    expect(accounts(draft, 3)).toHaveLength(1);
    draft.each = true;
    expect(accounts(draft, 3)).toHaveLength(3);
    expect(Object.keys(wrong([QQ], draft, 3))).toEqual(["0.qq", "1.qq", "2.qq"]);
  });

  it("keep what was typed while the quantity changes, and send what it needs", () => {
    const draft = draftOf("two");
    draft.each = true;
    accounts(draft, 2).forEach((values, i) => (values["qq"] = `1000${i}`));
    expect(sent([QQ], draft, 1)).toEqual([{ qq: "10000" }]);
    expect(sent([QQ], draft, 2)).toEqual([{ qq: "10000" }, { qq: "10001" }]);
    expect(sent([], draft, 2)).toEqual([]);
  });

  it("are wrong where the API said so, and forgotten once they are ordered", () => {
    const draft = draftOf("three");
    accounts(draft, 1).forEach((values) => (values["qq"] = "10000"));
    draft.refused = { "0.qq": "refused" };
    expect(wrong([QQ], draft, 1)).toEqual({ "0.qq": "refused" });
    forgetDrafts(["three"]);
    expect(draftOf("three").values).toEqual([{}]);
  });
});
