import { expect, it } from "vitest";

import { canRotate, networks, replacedBy, type Key } from "./keys";

const key = (id: string, revoked_at: string | null = null): Key => ({ id, role: "storefront", name: "default", revoked_at, channel: "site", created_at: "", ips: [], stores: [] });

it("puts a key in another's place as long as only one of them works", () => {
  const [a, b, gone] = [key("a"), key("b"), key("c", "2026-11-01T00:00:00Z")];
  expect(canRotate(a, [a, gone])).toBe(true);
  expect(canRotate(a, [a, b])).toBe(false);
  expect(canRotate(gone, [gone])).toBe(false);
});

it("knows the older of two that work from the newer", () => {
  const [old, young, gone] = [{ ...key("a"), created_at: "2026-11-01" }, { ...key("b"), created_at: "2026-11-02" }, { ...key("c", "2026-11-03"), created_at: "2026-11-03" }];
  expect(replacedBy(old, [old, young, gone])?.id).toBe("b");
  expect([replacedBy(young, [old, young, gone]), replacedBy(gone, [old, young, gone])]).toEqual([undefined, undefined]);
});

it("tells addresses from what is none", () => {
  expect(networks("10.0.0.1\n2001:db8::/32, office")).toEqual({ good: ["10.0.0.1", "2001:db8::/32"], bad: ["office"] });
});
