import { encode } from "uqr";
import { describe, expect, it } from "vitest";

import { read } from "./picture";

/** A camera's picture of a QR code, on grey, not quite black on white. */
function picture(text: string): { data: Uint8ClampedArray<ArrayBuffer>; width: number; height: number } {
  const { data: code, size } = encode(text, { border: 4 });
  const scale = 5;
  const side = size * scale;
  const data = new Uint8ClampedArray(side * side * 4);
  for (let y = 0; y < side; y += 1)
    for (let x = 0; x < side; x += 1) {
      const dark = code[Math.floor(y / scale)]?.[Math.floor(x / scale)] ?? false;
      data.set(dark ? [40, 30, 50, 255] : [215, 225, 210, 255], (y * side + x) * 4);
    }
  return { data, width: side, height: side };
}

describe("a camera's picture", () => {
  it("is read", () => {
    const text = "QV1.f.Zk3-_x9PqLmN.1764216000.abcDEF-_123";
    expect(read(picture(text))).toBe(text);
    expect(read(picture("9DTP-2277-8538-833K-7AXA"))).toBe("9DTP-2277-8538-833K-7AXA");
  });

  it("mostly shows none", () => {
    expect(read({ data: new Uint8ClampedArray(64 * 64 * 4).fill(200), width: 64, height: 64 })).toBeNull();
  });
});
