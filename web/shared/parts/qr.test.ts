import { QRCodeReader, BinaryBitmap, HybridBinarizer, RGBLuminanceSource } from "@zxing/library";
import { describe, expect, it } from "vitest";

import { drawn } from "./qr";

/** What a scanner reads: the path painted, four points to a unit. */
function scanned(path: string, size: number): string {
  const scale = 4;
  const side = size * scale;
  const luminance = new Uint8ClampedArray(side * side).fill(255);
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row += 1)
      luminance.fill(0, row * side + Number(x) * scale, row * side + (Number(x) + Number(width)) * scale);
  const source = new RGBLuminanceSource(luminance, side, side);
  return new QRCodeReader().decode(new BinaryBitmap(new HybridBinarizer(source))).getText();
}

describe("a drawn QR code", () => {
  it.each(["6222021234567890", "QV1.f.Zk3-_x9.1764216000.abcDEF-_123", "https://example.com/领取?码=1"])("reads %s", (text) => {
    const { path, size } = drawn(text) ?? { path: "", size: 0 };
    expect(scanned(path, size)).toBe(text);
  });

  it("is none where there is too much to say", () => {
    expect(drawn("x".repeat(5000))).toBeNull();
  });
});
