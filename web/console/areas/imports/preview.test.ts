import { describe, expect, it } from "vitest";

import { csvCells, encodingOf, masked, pasted, previewOf, previewText, typeOf } from "./preview";

// "卡号" in GBK, which no UTF-8 is.
const GBK = new Uint8Array([0xbf, 0xa8, 0xba, 0xc5, 0x2d, 0x2d, 0x2d, 0x2d, 0x31, 0x32]);

describe("the first lines of a file", () => {
  it("are cut where the importer would cut them", () => {
    expect(previewText("AAAA----1111\nBBBB----2222\n", "txt", null)).toEqual({ delimiter: "----", rows: [["AAAA", "1111"], ["BBBB", "2222"]] });
    expect(previewText("AAAA-1111", "txt", null)).toEqual({ delimiter: null, rows: [["AAAA-1111"]] });
    expect(previewText("a;b\n", "csv", ";").rows).toEqual([["a", "b"]]);
  });

  it("keep a quoted comma in its cell", () => {
    expect(csvCells('"a,""b""",c', ",")).toEqual(['a,"b"', "c"]);
  });

  it("are read in the encoding that they have", async () => {
    expect(encodingOf(GBK, false)).toBe("gbk");
    const chinese = new TextEncoder().encode("卡号");
    expect(encodingOf(chinese, false)).toBe("utf-8");
    expect(encodingOf(chinese.subarray(0, 4), true)).toBe("utf-8");
    expect(encodingOf(chinese.subarray(0, 4), false)).toBe("gbk");
    expect((await previewOf(new Blob([GBK]), "txt", "auto", null))?.rows).toEqual([["卡号", "12"]]);
    expect(await previewOf(new Blob([GBK]), "xlsx", "auto", null)).toBeNull();
  });

  it("show no card that could be used", () => {
    expect(masked("1234")).toBe("••••");
    expect(masked("ABCD-EFGH-IJKL")).toBe("ABCD••••••••");
  });
});

it("takes only lines that say something", () => {
  expect(pasted(" a \r\n\n b\n")).toEqual(["a", "b"]);
});

it("knows a file by its name's end", () => {
  expect([typeOf("卡密.TXT"), typeOf("a.b.xlsx"), typeOf("x.pdf")]).toEqual(["txt", "xlsx", null]);
});
