import type { Schemas } from "@shared/api/client";

import type { FileType } from "./preview";

export type NewImport = Schemas["NewImport"];

export interface Form {
  way: "paste" | "file";
  sku: string;
  supplier: string;
  cost: number | null;
  currency: string;
  format: string;
  channel: string;
  expires_at: string | null;
  dry_run: boolean;
  encoding: "auto" | "utf-8" | "gbk";
  delimiter: string;
  header: boolean;
  /** Column numbers from 1, or names of the header row; empty means the usual order. */
  number: string;
  pin: string;
  expiry: string;
}

export function emptyForm(sku: string): Form {
  return { way: "paste", sku, supplier: "", cost: null, currency: "CNY", format: "", channel: "", expires_at: null, dry_run: false, encoding: "auto", delimiter: "", header: false, number: "", pin: "", expiry: "" };
}

export type Lack = "sku" | "supplier" | "cost" | "lines" | "tooMany" | "file" | "type";
export const MOST_PASTED = 1000;

export function lacks(form: Form, lines: readonly string[], file: FileType | null | undefined): Lack[] {
  const found: Lack[] = [];
  if (!form.sku) found.push("sku");
  if (!form.supplier.trim()) found.push("supplier");
  if (form.cost === null) found.push("cost");
  if (form.way === "paste") {
    if (!lines.length) found.push("lines");
    if (lines.length > MOST_PASTED) found.push("tooMany");
  } else if (file === undefined) found.push("file");
  else if (file === null) found.push("type");
  return found;
}

export function importBody(form: Form, lines: readonly string[], file: FileType | null): NewImport {
  const pasted = form.way === "paste";
  const columns = !pasted && form.number ? { number: column(form.number), pin: form.pin ? column(form.pin) : null, expires_at: form.expiry ? column(form.expiry) : null } : null;
  return {
    sku: form.sku,
    supplier: form.supplier.trim(),
    unit_cost: { amount: form.cost ?? 0, currency: form.currency },
    file_type: pasted ? "txt" : (file ?? "txt"),
    format: form.format || null,
    channel: form.channel && form.channel !== "shared" ? form.channel : null,
    expires_at: form.expires_at,
    dry_run: form.dry_run,
    encoding: pasted ? "auto" : form.encoding,
    delimiter: form.delimiter || null,
    header: !pasted && form.header,
    columns,
    lines: pasted ? [...lines] : null,
  } as unknown as NewImport;
}

/** `2` is the second column, `卡号` the one of that name. */
export function column(text: string): number | string {
  return /^\d{1,3}$/.test(text.trim()) ? Number(text) : text.trim();
}
