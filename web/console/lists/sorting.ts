import { computed, shallowRef, type ComputedRef } from "vue";

/** What a row is sorted by: a field of it, or what is said of it (a state's name, an amount within). */
export type Of<Row> = (keyof Row & string) | ((row: Row) => unknown);

/** What a sortable column of `el-table` has: bind it with `v-bind="list.by('created_at')"`. */
export interface SortedColumn<Row> {
  prop?: string;
  sortable: "custom" | false;
  sortBy: (row: Row) => unknown;
}

/** What `el-table` tells of a press on a column's head. */
export interface SortChange {
  column?: { sortBy?: unknown } | null;
  order: "ascending" | "descending" | null;
}

export interface Start<Row> {
  prop: keyof Row & string;
  order: "ascending" | "descending";
}

export interface Sorting<Row> {
  /** The rows in the order that somebody asked for, else as they came. */
  sorted: ComputedRef<Row[]>;
  by: (of: Of<Row>) => SortedColumn<Row>;
  sort: (change: SortChange) => void;
  /** What `default-sort` of the table shows. */
  start: Start<Row> | undefined;
}

/** Sorts rows by their columns, where all of them are there: what is sorted of one page of many would be an order of
 * nothing. `start` is by which field they are sorted before anybody asks. */
export function sorting<Row>(rows: () => readonly Row[], { whole = () => true, start }: { whole?: () => boolean; start?: Start<Row> } = {}): Sorting<Row> {
  const fields = new Map<string, (row: Row) => unknown>();
  const field = (name: keyof Row & string): ((row: Row) => unknown) => {
    const known = fields.get(name) ?? ((row: Row) => row[name]);
    fields.set(name, known);
    return known;
  };
  const asked = shallowRef(start && { of: field(start.prop), order: start.order });
  const may = computed(() => rows().length > 1 && whole());

  return {
    start,
    sorted: computed(() => {
      const all = [...rows()];
      if (!asked.value || !may.value) return all;
      const { of, order } = asked.value;
      return all.sort((one, other) => compared(of(one), of(other), order === "descending" ? -1 : 1));
    }),
    by: (of) => ({ ...(typeof of === "string" ? { prop: of } : {}), sortable: may.value && "custom", sortBy: typeof of === "string" ? field(of) : of }),
    sort: ({ column, order }) => {
      const of = column?.sortBy;
      asked.value = order && typeof of === "function" ? { of: of as (row: Row) => unknown, order } : undefined;
    },
  };
}

/** Chinese by its sound, then Latin, and `CH-9` before `CH-10`. */
const texts = new Intl.Collator("zh-CN", { numeric: true, sensitivity: "base" });

/** What has no value stands last, whichever way is sorted. */
function compared(one: unknown, other: unknown, way: 1 | -1): number {
  const [a, b] = [plain(one), plain(other)];
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return way * (typeof a === "number" && typeof b === "number" ? a - b : texts.compare(String(a), String(b)));
}

function plain(value: unknown): string | number | null {
  if (value === null || value === undefined || value === "" || Number.isNaN(value)) return null;
  if (typeof value === "number" || typeof value === "boolean") return Number(value);
  if (Array.isArray(value)) return value.length ? value.join(" ") : null;
  if (typeof value === "object" && "amount" in value) return Number(value.amount);
  return String(value);
}
