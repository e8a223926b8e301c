import { describe, expect, it } from "vitest";

import { held, plain, slip } from "./code";

const GOOD = "9DTP-2277-8538-833K-7AXA";

describe("a voucher's code", () => {
  it("is right however it is typed", () => {
    for (const text of [GOOD, GOOD.toLowerCase(), GOOD.replaceAll("-", " "), "９dtp2277 8538833k7axa"]) expect(slip(text)).toBeNull();
    expect(plain(" 9dtp–2277 ")).toBe("9DTP2277");
  });

  it("tells every single slip", () => {
    const letters = [...plain(GOOD)];
    letters.forEach((one, place) => {
      const other = one === "2" ? "3" : "2";
      expect(slip([...letters.slice(0, place), other, ...letters.slice(place + 1)].join(""))).toEqual({ kind: "check" });
      const next = letters[place + 1];
      if (next && next !== one)
        expect(slip([...letters.slice(0, place), next, one, ...letters.slice(place + 2)].join(""))).toEqual({ kind: "check" });
    });
    expect(slip("9D")).toEqual({ kind: "check" });
    expect(slip("")).toEqual({ kind: "check" });
  });

  it("names letters that stand in none", () => {
    expect(slip("9DTP-22O7-8538-833K-7AX1")).toEqual({ kind: "letters", letters: ["O", "1"] });
  });
});

describe("what is held out", () => {
  it("is a QR code's text or a code", () => {
    expect(held(" QV1.f.abc.1764.mac ")).toEqual({ qr: "QV1.f.abc.1764.mac" });
    expect(held(" 9DTP ", " 1234 ")).toEqual({ code: "9DTP", pin: "1234" });
    expect(held("9DTP")).toEqual({ code: "9DTP", pin: null });
  });
});
