import "fake-indexeddb/auto";

import { webcrypto } from "node:crypto";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { forget, keep, LASTS_MS, read, reloaded } from "./sealed";

const TOKEN = "qo_O0123456789ABCDEFGHJK.a-token-that-opens-one-order";

beforeEach(() => {
  if (!globalThis.crypto?.subtle) vi.stubGlobal("crypto", webcrypto);
  sessionStorage.clear();
  reloaded();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("what is kept", () => {
  it("is there after a reload, and not in clear", async () => {
    expect(await keep("order", TOKEN)).toBe(true);
    reloaded();
    expect(await read("order")).toBe(TOKEN);
    expect(JSON.stringify({ ...sessionStorage })).not.toContain(TOKEN);
    expect(JSON.stringify({ ...sessionStorage })).not.toContain(btoa(TOKEN).slice(0, 20));
  });

  it("is another under another name", async () => {
    await keep("one", "first");
    await keep("two", "second");
    reloaded();
    expect(await read("one")).toBe("first");
    expect(await read("two")).toBe("second");
    expect(await read("three")).toBeNull();
  });

  it("is the last that was kept", async () => {
    await keep("order", "old");
    await keep("order", "new");
    reloaded();
    expect(await read("order")).toBe("new");
  });

  it("cannot be moved to another name", async () => {
    await keep("one", TOKEN);
    sessionStorage.setItem("sealed.two", sessionStorage.getItem("sealed.one") ?? "");
    reloaded();
    expect(await read("two")).toBeNull();
  });

  it("is gone once it is forgotten, also for whoever copied the storage", async () => {
    await keep("order", TOKEN);
    const copied = sessionStorage.getItem("sealed.order") ?? "";
    await forget("order");
    expect(await read("order")).toBeNull();
    sessionStorage.setItem("sealed.order", copied);
    expect(await read("order")).toBeNull();
  });

  it("is gone after a day", async () => {
    await keep("order", TOKEN);
    reloaded();
    const later = Date.now() + LASTS_MS + 1000;
    vi.spyOn(Date, "now").mockReturnValue(later);
    expect(await read("order")).toBeNull();
    expect(sessionStorage.length).toBe(0);
  });
});

describe("where a browser keeps no keys", () => {
  it("is remembered until the page is left", async () => {
    vi.stubGlobal("indexedDB", undefined);
    expect(await keep("order", TOKEN)).toBe(false);
    expect(await read("order")).toBe(TOKEN);
    reloaded();
    expect(await read("order")).toBeNull();
    expect(sessionStorage.length).toBe(0);
    await expect(forget("order")).resolves.toBeUndefined();
  });
});
