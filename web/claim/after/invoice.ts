import type { Invoice } from "../order/visit";
import { isTaxNumber, normal } from "./taxNumber";

export interface Form {
  kind: "personal" | "company";
  title: string;
  tax_number: string;
  email: string;
}

export type Wrong = Partial<Record<"title" | "tax_number" | "email", "missing" | "form">>;

/** What stands in the way of asking for it. */
export function wrongIn(form: Form): Wrong {
  const wrong: Wrong = {};
  if (!form.title.trim()) wrong.title = "missing";
  if (form.kind === "company") {
    if (!form.tax_number.trim()) wrong.tax_number = "missing";
    else if (!isTaxNumber(normal(form.tax_number))) wrong.tax_number = "form";
  }
  if (form.email.trim() && !/^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$/.test(form.email.trim())) wrong.email = "form";
  return wrong;
}

export function sent(form: Form) {
  return {
    kind: form.kind,
    title: form.title.trim(),
    tax_number: form.kind === "company" ? normal(form.tax_number) : null,
    email: form.email.trim() || null,
  };
}

/** Whether a buyer may ask (again): as long as nobody has acted on it, and after a refusal or a reversal. */
export function askable(invoice: Invoice | null): boolean {
  return invoice === null || ["requested", "refused", "reversed"].includes(invoice.state);
}

export function formOf(invoice: Invoice | null): Form {
  return {
    kind: invoice?.kind ?? "personal",
    title: invoice?.title ?? "",
    tax_number: invoice?.tax_number ?? "",
    email: invoice?.email ?? "",
  };
}
