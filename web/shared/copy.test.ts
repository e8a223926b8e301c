import { afterEach, describe, expect, it, vi } from "vitest";

import { copied } from "./copy";

afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

describe("copying", () => {
  it("asks the browser", async () => {
    const writeText = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { clipboard: { writeText } });
    expect(await copied("1234")).toBe(true);
    expect(writeText).toHaveBeenCalledWith("1234");
  });

  it("selects it where the browser will not, and leaves nothing behind", async () => {
    vi.stubGlobal("navigator", {});
    const chosen: string[] = [];
    document.execCommand = vi.fn(() => {
      chosen.push(document.querySelector("textarea")?.value ?? "");
      return true;
    });
    expect(await copied("1234")).toBe(true);
    expect(chosen).toEqual(["1234"]);
    expect(document.querySelector("textarea")).toBeNull();
  });

  it("says so where neither works", async () => {
    vi.stubGlobal("navigator", { clipboard: { writeText: () => Promise.reject(new Error("denied")) } });
    document.execCommand = () => {
      throw new Error("not here");
    };
    expect(await copied("1234")).toBe(false);
    expect(document.querySelector("textarea")).toBeNull();
  });
});
