import { afterEach, describe, expect, it, vi } from "vitest";

import { wedge } from "./wedge";

let stop: (() => void) | undefined;
afterEach(() => {
  stop?.();
  document.body.replaceChildren();
});

function type(text: string, gap: number, on: EventTarget = document.body): void {
  let at = 1000;
  for (const key of [...text, "Enter"]) {
    const event = new KeyboardEvent("keydown", { key, bubbles: true });
    Object.defineProperty(event, "timeStamp", { value: (at += gap) });
    on.dispatchEvent(event);
  }
}

describe("a scanner that types", () => {
  it("is heard wherever the focus is", () => {
    const heard = vi.fn();
    stop = wedge(heard);
    type("QV1.f.abc", 10);
    expect(heard).toHaveBeenCalledWith("QV1.f.abc");
  });

  it("is not a person", () => {
    const heard = vi.fn();
    stop = wedge(heard);
    type("QV1.f.abc", 200);
    type("ab", 10);
    const field = document.body.appendChild(document.createElement("input"));
    type("9DTP22778538", 10, field);
    expect(heard).not.toHaveBeenCalled();
  });
});
