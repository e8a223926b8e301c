import type { Schemas } from "@shared/api/client";

export type ImportView = Schemas["StockImportView"];

export const IMPORT_TYPES: Record<ImportView["state"], "info" | "success" | "warning" | "danger" | "primary"> = {
  awaiting_upload: "warning",
  running: "primary",
  done: "success",
  failed: "danger",
  cancelled: "info",
};

export function over(view: ImportView): boolean {
  return view.state === "done" || view.state === "failed" || view.state === "cancelled";
}
