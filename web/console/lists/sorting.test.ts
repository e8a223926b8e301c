import { flushPromises, mount } from "@vue/test-utils";
import { ElTable, ElTableColumn } from "element-plus";
import { describe, expect, it } from "vitest";
import { defineComponent, h, ref } from "vue";

import { sorting, type Of, type SortChange } from "./sorting";

interface Row {
  id: string;
  cost: { amount: number; currency: string } | null;
  seen?: boolean;
}
const rows: Row[] = [
  { id: "CH-10", cost: { amount: 500, currency: "CNY" }, seen: true },
  { id: "ch-9", cost: null },
  { id: "白金", cost: { amount: 90, currency: "CNY" }, seen: false },
  { id: "阿里", cost: { amount: 1_000, currency: "CNY" } },
];
const ids = (found: Row[]): string => found.map((row) => row.id).join(" ");

function sort(of: Of<Row>, order: SortChange["order"]): string {
  const list = sorting(() => rows);
  list.sort({ column: list.by(of), order });
  return ids(list.sorted.value);
}

describe("rows by their columns", () => {
  it("go by sound, number and amount", () => {
    expect(sort("id", "ascending")).toBe("阿里 白金 ch-9 CH-10");
    expect(sort("id", "descending")).toBe("CH-10 ch-9 白金 阿里");
    expect(sort((row) => row.cost?.amount, "ascending")).toBe("白金 CH-10 阿里 ch-9");
    expect(sort("seen", "descending")).toBe("CH-10 白金 ch-9 阿里");
  });

  it("have what is missing last, either way", () => {
    expect(sort("cost", "ascending")).toBe("白金 CH-10 阿里 ch-9");
    expect(sort("cost", "descending")).toBe("阿里 CH-10 白金 ch-9");
  });

  it("come back to the order in which they came", () => {
    expect(sort("id", null)).toBe(ids(rows));
  });

  it("begin with the order that a list has of itself", () => {
    const list = sorting(() => rows, { start: { prop: "cost", order: "descending" } });
    expect(ids(list.sorted.value)).toBe("阿里 CH-10 白金 ch-9");
    expect(list.by("cost").prop).toBe("cost");
  });

  it("are not sorted, nor say that they could be, where some are on other pages", () => {
    const whole = ref(true);
    const list = sorting(() => rows, { whole: () => whole.value });
    list.sort({ column: list.by("id"), order: "ascending" });
    expect(list.by("id").sortable).toBe("custom");
    whole.value = false;
    expect([ids(list.sorted.value), list.by("id").sortable]).toEqual([ids(rows), false]);
  });
});

describe("a table of them", () => {
  const whole = ref(true);
  const Table = defineComponent(() => {
    const { sorted, by, sort } = sorting(() => rows, { whole: () => whole.value });
    return () =>
      h(ElTable, { data: sorted.value, onSortChange: sort }, () => [
        h(ElTableColumn, { label: "Id", ...(by("id") as object) }),
        h(ElTableColumn, { label: "Cost", ...(by((row) => row.cost?.amount) as object) }, () => ""),
        h(ElTableColumn, { label: "Seen" }, () => ""),
      ]);
  });

  it("is sorted by a button in each head, and says by which it is", async () => {
    const table = mount(Table, { attachTo: document.body });
    await flushPromises();
    const shown = (): string => table.findAll("tbody tr").map((row) => row.find("td").text()).join(" ");
    expect(table.findAll("thead button")).toHaveLength(2);
    await table.find("thead button").trigger("click");
    await flushPromises();
    expect([table.find("th").element.ariaSort, shown()]).toEqual(["ascending", "阿里 白金 ch-9 CH-10"]);
    await table.findAll("thead button")[1]?.trigger("click");
    await flushPromises();
    expect([table.find("th").element.ariaSort || null, shown()]).toEqual([null, "白金 CH-10 阿里 ch-9"]);
    whole.value = false;
    await flushPromises();
    expect(table.findAll("thead button")).toHaveLength(0);
    expect(shown()).toBe(ids(rows));
    table.unmount();
  });
});
