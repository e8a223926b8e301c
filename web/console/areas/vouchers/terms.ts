import { major, minor } from "@shared/money";

import type { Schemas } from "@shared/api/client";

export type Terms = Schemas["VoucherTerms-Input"];
export type TermsOut = Schemas["VoucherTerms-Output"];
export type Way = "code" | "static_qr" | "fresh_qr";
export type Kind = "once" | "times" | "amount" | "discount" | "goods";

export const KINDS: readonly Kind[] = ["once", "times", "amount", "discount", "goods"];
export const WAYS: readonly Way[] = ["code", "static_qr", "fresh_qr"];

/** Terms as somebody fills them in: amounts as typed, an empty text or null for what is left open. */
export interface Form {
  kind: Kind;
  currency: string;
  times: number;
  amount: string;
  off: "percent" | "amount";
  percent: number;
  maxOff: string;
  amountOff: string;
  goods: { name: string; quantity: number }[];
  pin: number;
  ways: Way[];
  reversal: number;
  template: string;
  issue: "on_sale" | "stock";
  floor: string;
  regions: string[];
  from: string;
  until: string;
  days: number | null;
  weekdays: number[];
  hours: { opens: string; closes: string }[];
  blackout: string[];
  stores: string[];
  onlyGoods: string[];
  spend: string;
  perDay: number | null;
  perMember: number | null;
  perMemberDay: number | null;
  when: string;
}

const TEMPLATE = "****-****-****-****-***?";

export function formOf(terms: TermsOut | Terms): Form {
  const value = terms.value ?? { kind: "once" };
  const rules: Partial<NonNullable<Terms["rules"]>> = terms.rules ?? {};
  const currency = terms.currency ?? "CNY";
  const shown = (amount: number | null | undefined): string => (amount ? major({ amount, currency }) : "");
  return {
    kind: value.kind ?? "once",
    currency,
    times: "times" in value ? value.times : 3,
    amount: "amount" in value ? shown(value.amount) : "",
    off: "amount_off" in value && value.amount_off ? "amount" : "percent",
    percent: "percent" in value && value.percent ? value.percent / 100 : 10,
    maxOff: "max_off" in value ? shown(value.max_off) : "",
    amountOff: "amount_off" in value ? shown(value.amount_off) : "",
    goods: "goods" in value ? value.goods.map((one) => ({ name: one.name, quantity: one.quantity ?? 1 })) : [{ name: "", quantity: 1 }],
    pin: terms.pin_digits ?? 0,
    ways: [...(terms.ways ?? WAYS)],
    reversal: terms.reversal_minutes ?? 0,
    template: terms.code_template ?? TEMPLATE,
    issue: terms.issue ?? "on_sale",
    floor: shown(terms.floor_price),
    regions: [...(terms.regions ?? [])],
    from: clock(rules.valid_from),
    until: clock(rules.valid_until),
    days: rules.days_from_delivery ?? null,
    weekdays: [...(rules.weekdays ?? [])],
    hours: (rules.hours ?? []).map((one) => ({ ...one })),
    blackout: [...(rules.blackout_dates ?? [])],
    stores: [...(rules.stores ?? [])],
    onlyGoods: [...(rules.goods ?? [])],
    spend: shown(rules.minimum_spend),
    perDay: rules.per_day ?? null,
    perMember: rules.per_member ?? null,
    perMemberDay: rules.per_member_per_day ?? null,
    when: rules.when ?? "",
  };
}

function valueOf(form: Form): Terms["value"] {
  const of = (text: string): number | null => (text ? minor(text, form.currency) : null);
  switch (form.kind) {
    case "once":
      return { kind: "once" };
    case "times":
      return { kind: "times", times: form.times };
    case "amount":
      return { kind: "amount", amount: of(form.amount) ?? 0 };
    case "goods":
      return { kind: "goods", goods: form.goods.filter((one) => one.name.trim()).map((one) => ({ name: one.name.trim(), quantity: one.quantity })) };
    case "discount":
      return form.off === "percent"
        ? { kind: "discount", percent: Math.round(form.percent * 100), max_off: of(form.maxOff), amount_off: null }
        : { kind: "discount", amount_off: of(form.amountOff), percent: null, max_off: null };
  }
}

export function termsOf(form: Form): Terms {
  const amount = (text: string): number | null => (text ? minor(text, form.currency) : null);
  return {
    value: valueOf(form),
    currency: form.currency,
    pin_digits: form.pin,
    ways: form.ways,
    reversal_minutes: form.reversal,
    code_template: form.template,
    issue: form.issue,
    floor_price: amount(form.floor),
    regions: form.regions,
    rules: {
      valid_from: form.from ? instant(form.from) : null,
      valid_until: form.until ? instant(form.until) : null,
      days_from_delivery: form.days,
      weekdays: form.weekdays,
      hours: form.hours.filter((one) => one.opens || one.closes),
      blackout_dates: form.blackout,
      stores: form.stores,
      goods: form.onlyGoods,
      minimum_spend: amount(form.spend),
      per_day: form.perDay,
      per_member: form.perMember,
      per_member_per_day: form.perMemberDay,
      when: form.when.trim(),
    },
  };
}

/** As `<input type="datetime-local">` wants it, by the reader's clock. */
export function clock(at: string | null | undefined): string {
  if (!at) return "";
  const moment = new Date(at);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const instant = (text: string): string => (Number.isNaN(Date.parse(text)) ? text : new Date(text).toISOString());

/** By field, what is wrong to look at: texts' keys. */
export function wrongIn(form: Form): Map<string, string> {
  const found = new Map<string, string>();
  const money = (field: "amount" | "maxOff" | "amountOff" | "floor" | "spend", must: boolean): void => {
    const text = form[field];
    if ((must || text) && !minor(text, form.currency)) found.set(field, "vouchers.wrong.amount");
  };
  if (form.kind === "amount") money("amount", true);
  if (form.kind === "discount" && form.off === "percent") money("maxOff", false);
  if (form.kind === "discount" && form.off === "amount") money("amountOff", true);
  if (form.kind === "goods" && !form.goods.some((one) => one.name.trim())) found.set("goods", "vouchers.wrong.goods");
  if (form.pin !== 0 && (form.pin < 4 || form.pin > 8)) found.set("pin", "vouchers.wrong.pin");
  if (!form.ways.length) found.set("ways", "vouchers.wrong.ways");
  if (form.from && form.until && Date.parse(form.from) >= Date.parse(form.until)) found.set("until", "vouchers.wrong.until");
  if (form.hours.some((one) => Boolean(one.opens) !== Boolean(one.closes))) found.set("hours", "vouchers.wrong.hours");
  money("floor", false);
  money("spend", false);
  return found;
}

/** Codes as somebody pasted them, a line each; at most so many as one call finds. */
export function codesIn(text: string): string[] {
  return text
    .split(/[\n\r,;，；]+/)
    .map((one) => one.trim())
    .filter(Boolean)
    .slice(0, 100);
}
