import { expect, it } from "vitest";

const sources = import.meta.glob<string>("../**/*.vue", { query: "?raw", import: "default", eager: true });

/** Tables whose order is their own: a document's lines, a draft's, a question's, versions and the books in their sequence. */
const IN_THEIR_ORDER = ["aftersales/InvoiceDrawer", "catalogue/ClashDialog", "catalogue/SkuTable", "orders/Moneys", "risk/VersionList"];

const named = (path: string): string => path.replace(/^\.\.\/(areas\/)?|\.vue$/g, "");
const having = (what: RegExp): string[] => Object.entries(sources).flatMap(([path, text]) => (what.test(text) ? [named(path)] : []));

it("knows a table of the console that is not sorted by its columns", () => {
  const sorted = having(/v-bind="[\w.]*by\(/);
  expect(having(/<el-table-column/).filter((one) => !sorted.includes(one)).sort()).toEqual(IN_THEIR_ORDER);
});

it("knows a list that cannot be saved as a file", () => {
  const saved = having(/:exports=|<ExportButton/);
  expect(having(/<DataList$|<DataList\s/).filter((one) => !saved.includes(one))).toEqual([]);
});
