import { beforeEach, describe, expect, it, vi } from "vitest";

const GET = vi.fn();
vi.mock("../../session", () => ({ shop: { GET } }));

const { overview, standingOf } = await import("./overview");

type Said = { params: { query: Record<string, unknown> } };
const products = Array.from({ length: 20 }, (_, number) => ({ titles: { en: `P${number}` }, skus: Array.from({ length: 12 }, (_, at) => `S${number}-${at}`) }));

beforeEach(() => {
  GET.mockReset();
  GET.mockImplementation(async (path: string, { params: { query } }: Said) => {
    const answers: Record<string, unknown> = {
      "/v1/admin/products": { items: products, next: query["cursor"] ? null : "more" },
      "/v1/admin/stock-levels": { items: (query["sku"] as string[] | undefined)?.map((sku) => ({ sku, counts: sku.endsWith("-3") ? { available: 5 } : {} })) },
      "/v1/admin/alerts": { items: query["kind"] === "stock_out" ? [{ subject: "S4-7#shared" }] : [] },
    };
    return { data: answers[path], response: new Response() };
  });
});

describe("the overview of stock", () => {
  it("asks for the levels of a page's SKUs together, and once for what is low", async () => {
    const ask = overview(() => " ", () => "en");
    const first = await ask(undefined, 20, new AbortController().signal);
    expect(first.items).toHaveLength(21);
    expect(first.items.filter((row) => row.alert)).toEqual([{ id: "S4-7", title: "P4", counts: {}, alert: true }]);
    const paths = () => GET.mock.calls.map(([path]) => path as string);
    expect(paths().filter((path) => path.endsWith("stock-levels"))).toHaveLength(3);
    const asked = GET.mock.calls.filter(([path]) => String(path).endsWith("stock-levels")).flatMap(([, said]) => (said as Said).params.query["sku"] as string[]);
    expect(asked).toEqual(products.flatMap((one) => one.skus));

    GET.mockClear();
    const second = await ask("more", 20, new AbortController().signal);
    expect([second.items.length, second.next]).toEqual([21, null]);
    expect(paths().filter((path) => path.endsWith("alerts"))).toEqual([]);
  });

  it("says of a SKU that nothing is left, before that little is", () => {
    const row = (counts: Record<string, number>, alert: boolean) => standingOf({ id: "a", title: "A", counts, alert });
    expect([row({ reserved: 3 }, true), row({ available: 2 }, true), row({ available: 2 }, false)]).toEqual(["out", "low", "fine"]);
  });
});
