import { describe, expect, it } from "vitest";

import { cardsIn, done, next, NOTHING, samples, type Progress } from "./steps";

const published = { product: { state: "published" }, sku: { id: "month" } } as unknown as Progress;

describe("the first steps", () => {
  it("go on where they were left, whoever did what is done", () => {
    expect(next(NOTHING)).toBe("product");
    expect(next({ ...NOTHING, ...published, product: { state: "draft" } as Progress["product"] })).toBe("product");
    expect(next({ ...NOTHING, ...published })).toBe("keys");
    expect(next({ ...NOTHING, ...published, cards: 3 })).toBe("purchase");
    expect(next({ ...published, cards: 3, bought: true })).toBeUndefined();
    // Bought before the stock was used up: keys are needed again, and the purchase stays done.
    expect(done({ ...published, cards: 0, bought: true })).toEqual({ product: true, keys: false, purchase: true });
  });

  it("count no card that was voided", () => {
    expect(cardsIn({ voided: 5, quarantined: 2 })).toBe(0);
    expect(cardsIn({ available: 2, delivered: 1 })).toBe(3);
  });

  it("make samples that are told from real cards", () => {
    const made = samples(5, true);
    expect(new Set(made).size).toBe(5);
    for (const line of made) expect(line).toMatch(/^TEST-[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}----[A-Z2-9]{6}$/);
  });
});
