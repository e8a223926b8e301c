import type { Schemas } from "@shared/api/client";
import type { paths } from "@shared/api/schema";
import { minor, type Money } from "@shared/money";

import type { Held } from "./code";

type Checked = paths["/v1/redemptions/check"]["post"]["responses"][200];
export type Check = Checked["content"]["application/json"];
export type Redemption = Schemas["RedemptionView"];
export type UseBody = Schemas["UseBody"];

/** What the till knows of the sale, as it was typed. */
export interface Sale {
  amount: string;
  sale: string;
  goods: string;
  member: string;
}

export const NO_SALE: Sale = { amount: "", sale: "", goods: "", member: "" };

export type Field = keyof Sale;

/** What has to be asked for, before or besides: by what is missing, and by the rules that say no for want of it. */
export function fields(check: Check): Set<Field> {
  const asked = new Set<Field>();
  if (check.missing === "amount" || check.voucher.kind === "amount") asked.add("amount");
  if (check.missing === "sale" || check.voucher.kind === "discount") asked.add("sale");
  const rules = [...check.refused.map((one) => one.rule), ...check.unjudged];
  if (rules.includes("minimum_spend")) asked.add("sale");
  if (rules.includes("goods")) asked.add("goods");
  if (rules.includes("member_unknown")) asked.add("member");
  // A condition of the merchant's own may go by any of it.
  if (rules.includes("condition")) asked.add("sale").add("goods");
  return asked;
}

/** Fields whose text is no amount. */
export function wrongIn(sale: Sale, currency: string): Set<Field> {
  const wrong = new Set<Field>();
  for (const one of ["amount", "sale"] as const) {
    const read = sale[one].trim() ? minor(sale[one], currency) : 0;
    if (read === null || (sale[one].trim() !== "" && read < 1)) wrong.add(one);
  }
  return wrong;
}

export function useBody(held: Held, store: string, operator: string, sale: Sale, currency: string): UseBody {
  const sum = (text: string): Money | null => {
    const amount = text.trim() ? minor(text, currency) : null;
    return amount ? { amount, currency } : null;
  };
  const phone = /^\+?[0-9][0-9 -]{4,24}$/.test(sale.member.trim());
  return {
    code: null,
    pin: null,
    qr: null,
    ...held,
    store,
    operator: operator.trim(),
    amount: sum(sale.amount),
    sale: sum(sale.sale),
    goods: sale.goods.split(/[,，、\n]/).map((one) => one.trim()).filter(Boolean),
    member: !phone && sale.member.trim() ? sale.member.trim() : null,
    phone: phone ? sale.member.trim() : null,
    client_ip: null,
  } as UseBody;
}

/** Whether everything that a redemption demands is said. */
export function complete(check: Check): boolean {
  return check.usable && (check.missing === null || check.missing === undefined);
}

export function sameQuestion(one: UseBody, other: UseBody): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
