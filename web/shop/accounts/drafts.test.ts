import { describe, expect, it } from "vitest";

import { draftOf, forgetDrafts } from "./drafts";

describe("accounts that are being filled in", () => {
  it("are the same wherever their SKU is shown, and forgotten once they are ordered", () => {
    draftOf("one").values = [{ qq: "10000" }];
    expect(draftOf("one").values).toEqual([{ qq: "10000" }]);
    forgetDrafts(["one"]);
    expect(draftOf("one").values).toEqual([{}]);
  });
});
