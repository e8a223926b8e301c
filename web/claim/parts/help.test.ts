import { describe, expect, it } from "vitest";

import { helpLink } from "./help";

describe("help", () => {
  it("names the order to whoever is written to", () => {
    expect(helpLink("mailto:shop@example.com", "O1")).toBe("mailto:shop@example.com?subject=O1");
    expect(helpLink("mailto:shop@example.com?subject=Help", "O1")).toBe("mailto:shop@example.com?subject=Help");
    expect(helpLink("mailto:shop@example.com", null)).toBe("mailto:shop@example.com");
  });

  it("is a page, a mail or a call", () => {
    expect(helpLink("https://example.com/help", "O1")).toBe("https://example.com/help");
    expect(helpLink("tel:+864001234567", null)).toBe("tel:+864001234567");
    for (const help of ["javascript:alert(1)", "shop", null]) expect(helpLink(help, "O1")).toBeNull();
  });
});
