import { describe, expect, it, vi } from "vitest";

import type { Unit, Visit } from "../order/visit";
import { hideOnLeaving, opened } from "./opened";

const TICKET = { order: "ONWE2N8C9QXAWN8SPG51S", token: "qo_x" };

function counter(secret = "1111 2222") {
  const GET = vi.fn((_path: string, { params }: { params: { query: { open: string } } }) =>
    Promise.resolve({ data: { deliveries: [{ units: [{ unit: params.query.open, number: secret }] }] } }),
  );
  const again = vi.fn(() => Promise.resolve());
  return { GET, again, room: opened({ client: { GET } as unknown as Visit["client"], ticket: TICKET, again }) };
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
