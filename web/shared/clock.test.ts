import { afterEach, describe, expect, it } from "vitest";

import { heard, now } from "./clock";

const HERE = Date.parse("2026-11-27T04:00:00Z");

afterEach(() => heard(new Date().toUTCString()));

describe("the shop's clock", () => {
  it("is the answers', where the reader's is wrong", () => {
    heard("Fri, 27 Nov 2026 04:10:00 GMT", HERE);
    expect(Math.abs(now() - Date.now() - 600_000)).toBeLessThan(50);
  });

  it("reads the first of two dates, and leaves the clock alone without one", () => {
    heard("Fri, 27 Nov 2026 04:10:00 GMT, Fri, 27 Nov 2026 04:10:01 GMT", HERE);
    heard(null, HERE);
    heard("soon", HERE);
    expect(Math.abs(now() - Date.now() - 600_000)).toBeLessThan(50);
  });

  it("is the reader's own, where that is as good as right", () => {
    heard("Fri, 27 Nov 2026 04:00:02 GMT", HERE);
    expect(Math.abs(now() - Date.now())).toBeLessThan(50);
  });
});
