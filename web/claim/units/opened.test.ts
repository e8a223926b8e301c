import { describe, expect, it, vi } from "vitest";

import type { Unit, Visit } from "../order/visit";
import { hideOnLeaving, opened } from "./opened";

const TICKET = { order: "ONWE2N8C9QXAWN8SPG51S", token: "qo_x" };

function counter(secret = "1111 2222") {
  const answer = (_path: string, { params }: { params: { query: { open: string } } }) =>
    Promise.resolve({ data: { deliveries: [{ units: params.query.open.split(",").map((unit) => ({ unit, number: secret })) }] } });
  const GET = vi.fn(answer);
  const again = vi.fn(() => Promise.resolve());
  return { GET, answer, again, room: opened({ client: { GET } as unknown as Visit["client"], ticket: TICKET, again }) };
}

describe("secrets", () => {
  it("are asked for one by one", async () => {
    const { room, GET } = counter();
    await room.open("0-1");
    expect(GET.mock.calls.map(([, { params }]) => params.query.open)).toEqual(["0-1"]);
    expect([...room.shown.keys()]).toEqual(["0-1"]);
    expect(room.shown.get("0-1")?.number).toBe("1111 2222");
  });

  it("are gone when they are hidden, and when the page is left", async () => {
    const { room } = counter();
    await room.open("0-0");
    await room.open("0-1");
    room.hide("0-0");
    expect([...room.shown.keys()]).toEqual(["0-1"]);
    const stop = hideOnLeaving(room.hideAll);
    dispatchEvent(new Event("pagehide"));
    expect(room.shown.size).toBe(0);
    stop();
  });

  it("that were hidden meanwhile do not come back by a refresh", async () => {
    const { room } = counter();
    await room.open("0-0");
    const refreshed = room.refresh("0-0");
    room.hide("0-0");
    await refreshed;
    expect(room.shown.size).toBe(0);
  });

  it("of a wholesale line come some at a time, and those that came stay when the next do not", async () => {
    const { room, GET, answer, again } = counter();
    const ids = Array.from({ length: 50 }, (_, at) => `0-${at}`);
    GET.mockImplementationOnce(answer).mockRejectedValueOnce(new Error("broken"));
    await expect(room.list(ids)).rejects.toThrow("broken");
    expect([...room.listed.keys()]).toEqual(ids.slice(0, 20));
    expect(again).toHaveBeenCalledOnce();
    await room.list(ids.slice(20));
    expect([...room.listed.keys()]).toEqual(ids);
    expect(GET.mock.calls.map(([, { params }]) => params.query.open.split(",").length)).toEqual([20, 20, 20, 10]);
    expect(room.shown.size).toBe(0);
    room.unlist(ids.slice(1));
    expect(room.listed.size).toBe(1);
  });

  it("of a wholesale line are not asked for any more once the page was left", async () => {
    const { room, GET } = counter();
    const asked = room.list(Array.from({ length: 50 }, (_, at) => `0-${at}`));
    room.hideAll();
    await asked;
    expect(GET).toHaveBeenCalledOnce();
    expect(room.listed.size).toBe(0);
  });

  it("that come after the page was left are not shown", async () => {
    const { room } = counter();
    const asked = room.open("0-0");
    room.hideAll();
    await asked;
    expect(room.shown.size).toBe(0);
  });

  it("are taken away where they are not their buyer's any more", async () => {
    const { room } = counter();
    const listed = (more: object): Unit => ({ unit: "0-0", state: "delivered", withheld: false, replaced_before: undefined, ...more }) as unknown as Unit;
    for (const [more, stays] of [[{}, 1], [{ unit: "0-1", state: "refunded" }, 1], [{ replaced_before: 1 }, 0], [{ state: "refunding" }, 0], [{ withheld: true }, 0]] as const) {
      await room.open("0-0");
      room.compare([listed(more)]);
      expect(room.shown.size).toBe(stays);
    }
  });

  it("that cannot be had are not there", async () => {
    const { room, GET } = counter();
    GET.mockRejectedValueOnce(new Error("no network"));
    await expect(room.open("0-0")).rejects.toThrow();
    expect(room.shown.size).toBe(0);
  });
});
