import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { watch, type Watch } from "./watch";

let hidden = false;
let watched: Watch | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});

afterEach(() => {
  watched?.stop();
  hidden = false;
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function seen(now: boolean): void {
  hidden = !now;
  document.dispatchEvent(new Event("visibilitychange"));
}

describe("a watch", () => {
  it("looks until there is nothing more to wait for", async () => {
    const pauses: (number | null)[] = [2, 5, null];
    const look = vi.fn(() => Promise.resolve());
    watched = watch(look, () => pauses[look.mock.calls.length - 1] ?? null, () => undefined);
    await watched.look();
    await vi.advanceTimersByTimeAsync(2000);
    expect(look).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(5000);
    expect(look).toHaveBeenCalledTimes(3);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(look).toHaveBeenCalledTimes(3);
  });

  it("rests while nobody looks, and looks at once when somebody does", async () => {
    const look = vi.fn(() => Promise.resolve());
    watched = watch(look, () => 2, () => undefined);
    await watched.look();
    seen(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(look).toHaveBeenCalledTimes(1);
    seen(true);
    expect(look).toHaveBeenCalledTimes(2);
  });

  it("counts its looks anew when somebody comes or does something", async () => {
    const counted: number[] = [];
    const next = (looks: number): number => {
      counted.push(looks);
      return 2;
    };
    watched = watch(() => Promise.resolve(), next, () => undefined);
    await watched.look();
    await vi.advanceTimersByTimeAsync(4000);
    await watched.soon();
    seen(false);
    seen(true);
    await vi.advanceTimersByTimeAsync(0);
    dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    await vi.advanceTimersByTimeAsync(2000);
    expect(counted).toEqual([0, 1, 2, 0, 0, 0, 1]);
  });

  it("asks ever more rarely what cannot be reached, and as before once it can", async () => {
    const failed = vi.fn();
    let works = false;
    const look = vi.fn(() => (works ? Promise.resolve() : Promise.reject(new Error("no"))));
    watched = watch(look, () => 3, failed);
    await watched.look();
    await vi.advanceTimersByTimeAsync(2000);
    expect(look).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(3999);
    expect(look).toHaveBeenCalledTimes(2);
    works = true;
    await vi.advanceTimersByTimeAsync(1);
    expect(look).toHaveBeenCalledTimes(3);
    expect(failed).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(3000);
    expect(look).toHaveBeenCalledTimes(4);
  });

  it("asks once where two ask at the same time", async () => {
    const look = vi.fn(() => Promise.resolve());
    watched = watch(look, () => null, () => undefined);
    await Promise.all([watched.look(), watched.look()]);
    expect(look).toHaveBeenCalledTimes(1);
  });

  it("is over when it is stopped", async () => {
    const look = vi.fn(() => Promise.resolve());
    watched = watch(look, () => 1, () => undefined);
    await watched.look();
    watched.stop();
    seen(false);
    seen(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(look).toHaveBeenCalledTimes(1);
  });
});
