import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Session } from "./session";

const KEY = "qy_counter_V30HP68JARR5N90DDPW2FMMYWXG9MW5K";
let stores: { id: string; name: string; open: boolean }[] = [];
let status = 200;

beforeEach(() => {
  sessionStorage.clear();
  status = 200;
  stores = [{ id: "S1", name: "一店", open: true }, { id: "S2", name: "二店", open: true }];
  const answer = (request: Request): Promise<Response> => {
    const items = request.url.endsWith("/v1/stores") ? stores : [];
    const told = request.headers.get("Authorization") === `Bearer ${KEY}` && status === 200 ? { items } : { code: "unauthenticated" };
    return Promise.resolve(new Response(JSON.stringify(told), { status: "items" in told ? 200 : 401 }));
  };
  vi.stubGlobal("fetch", vi.fn(answer));
  vi.stubGlobal("Request", class extends Request {
    constructor(input: RequestInfo | URL, init?: RequestInit) {
      super(typeof input === "string" ? new URL(input, "http://localhost") : input, init);
    }
  });
});

afterEach(() => vi.unstubAllGlobals());

describe("who stands at the till", () => {
  it("chooses a store, which alone is remembered", async () => {
    const session = new Session();
    await session.enter(` ${KEY} `);
    expect(session.open.value).toBe(true);
    expect(session.store.value).toBeNull();
    session.choose(stores[1] ?? null);
    expect(JSON.stringify({ ...sessionStorage })).not.toContain(KEY);
    const again = new Session();
    await again.enter(KEY);
    expect(again.store.value?.id).toBe("S2");
  });

  it("whose key is bound to one store is there", async () => {
    stores = stores.slice(0, 1);
    const session = new Session();
    await session.enter(KEY);
    expect(session.store.value?.id).toBe("S1");
  });

  it("needs a counter's key that is good", async () => {
    const session = new Session();
    await expect(session.enter("qy_operator_ABC")).rejects.toMatchObject({ code: "wrong_key" });
    expect(fetch).not.toHaveBeenCalled();
    await expect(session.enter("qy_counter_OTHER")).rejects.toMatchObject({ code: "unauthenticated" });
    stores = [];
    await expect(session.enter(KEY)).rejects.toMatchObject({ code: "no_store" });
    expect(session.open.value).toBe(false);
  });

  it("is nobody after leaving", async () => {
    const session = new Session();
    await session.enter(KEY);
    session.leave();
    await expect(session.client.GET("/v1/stores")).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
