import { expect, it } from "vitest";

import { channelBody, emptyChannel, originOf } from "./channel";

it("cuts an address down to its origin", () => {
  expect(originOf(" https://shop.example.com/a?b#c ")).toBe("https://shop.example.com");
  expect(originOf("shop.example.com")).toBe("shop.example.com");
  expect(channelBody({ ...emptyChannel(), name: " A ", origins: ["https://a.cn/x", "https://a.cn", ""] })).toMatchObject({ name: "A", origins: ["https://a.cn"] });
});
