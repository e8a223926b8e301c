import { describe, expect, it } from "vitest";

import { path, rows, type Category } from "./categories";

const category = (id: string, parent_id: string | null, depth: number): Category => ({ id, parent_id, depth, title: id });
const ALL = [
  category("video", null, 0),
  category("cn", "video", 1),
  category("iqiyi", "cn", 2),
  category("gold", "iqiyi", 3),
  category("world", "video", 1),
  category("music", null, 0),
];

describe("the category tree", () => {
  it("shows its roots first", () => {
    expect(rows(ALL, null).map((row) => row.items.map((one) => one.id))).toEqual([["video", "music"]]);
  });

  it("opens a row for every level of the way, as deep as it goes, and one below it", () => {
    const open = rows(ALL, "cn");
    expect(open.map((row) => [row.parent?.id ?? null, row.chosen])).toEqual([
      [null, "video"],
      ["video", "cn"],
      ["cn", null],
    ]);
    expect(rows(ALL, "gold").map((row) => row.chosen)).toEqual(["video", "cn", "iqiyi", "gold"]);
  });

  it("knows the way to a category, and none to one that is gone", () => {
    expect(path(ALL, "iqiyi").map((one) => one.id)).toEqual(["video", "cn", "iqiyi"]);
    expect(path(ALL, "gone")).toEqual([]);
    expect(rows(ALL, "gone")).toHaveLength(1);
  });
});
