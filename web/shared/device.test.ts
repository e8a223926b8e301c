import { describe, expect, it } from "vitest";

import { clientOf } from "./device";

describe("what a shopper holds", () => {
  it.each([
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140", 0, "desktop"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19 Safari/605", 0, "desktop"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19 Safari/605", 5, "phone"],
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Mobile/15E148", 5, "phone"],
    ["Mozilla/5.0 (Linux; Android 16; Pixel) Chrome/140 Mobile", 5, "phone"],
    ["Mozilla/5.0 (iPhone) Mobile/15E148 MicroMessenger/8.0.50", 5, "wechat"],
    ["Mozilla/5.0 (Linux; Android 16) MicroMessenger/8.0.50 miniProgram/wx123", 5, "mini_program"],
  ])("%s", (agent, touches, held) => {
    expect(clientOf(agent, touches)).toBe(held);
  });
});
