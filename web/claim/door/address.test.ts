import "fake-indexeddb/auto";

import { beforeEach, describe, expect, it } from "vitest";

import { reloaded } from "@shared/sealed";

import { admit, enter, named } from "./address";

const ORDER = "ONWE2N8C9QXAWN8SPG51S";
const TOKEN = "qo_ONWE2N8C9QXAWN8SPG51S_QImaA8Pq3kbUQE-UOWgup7vMoITFaD38";

beforeEach(() => {
  sessionStorage.clear();
  reloaded();
  history.replaceState(null, "", "/claim/");
});

describe("an order's link", () => {
  it("names order and token", () => {
    expect(named({ pathname: `/claim/${ORDER}`, hash: `#${TOKEN}` })).toEqual({ order: ORDER, token: TOKEN });
    expect(named({ pathname: `/claim/${ORDER}/`, hash: "" })).toEqual({ order: ORDER, token: null });
    expect(named({ pathname: "/claim/", hash: `#${TOKEN}` })).toEqual({ order: null, token: null });
    expect(named({ pathname: `/claim/${ORDER}`, hash: "#<script>" })).toEqual({ order: ORDER, token: null });
  });

  it("leaves no token in the address, and opens the order again after a reload", async () => {
    history.replaceState(null, "", `/claim/${ORDER}?lang=en#${TOKEN}`);
    const length = history.length;
    expect(await enter()).toEqual({ order: ORDER, ticket: { order: ORDER, token: TOKEN } });
    expect(location.href).toMatch(new RegExp(`/claim/${ORDER}\\?lang=en$`));
    expect(history.length).toBe(length);
    reloaded();
    expect(await enter()).toEqual({ order: ORDER, ticket: { order: ORDER, token: TOKEN } });
  });

  it("without a token opens nothing", async () => {
    history.replaceState(null, "", `/claim/${ORDER}`);
    expect(await enter()).toEqual({ order: ORDER, ticket: null });
  });

  it("is taken out of the address even where it is none", async () => {
    history.replaceState(null, "", `/claim/#${TOKEN}`);
    expect(await enter()).toEqual({ order: null, ticket: null });
    expect(location.hash).toBe("");
  });

  it("of an order that was looked up survives a reload", async () => {
    await admit({ order: ORDER, token: TOKEN });
    expect(location.pathname).toBe(`/claim/${ORDER}`);
    reloaded();
    expect((await enter()).ticket?.token).toBe(TOKEN);
  });
});
