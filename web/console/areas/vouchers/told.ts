import type { ComposerTranslation } from "vue-i18n";

import { money } from "@shared/money";

import type { TermsOut } from "./terms";

/** What a voucher of these terms is good for, in a few words. */
export function summary(terms: TermsOut, t: ComposerTranslation, language: string): string {
  const { value } = terms;
  const sum = (amount: number): string => money({ amount, currency: terms.currency ?? "CNY" }, language);
  if (value && "times" in value) return t("vouchers.good.times", { times: value.times });
  if (value && "goods" in value) return t("vouchers.good.goods", { goods: value.goods.map((one) => `${one.name} × ${one.quantity ?? 1}`).join(", ") });
  if (value && "amount" in value) return t("vouchers.good.amount", { amount: sum(value.amount) });
  if (value?.kind === "discount") {
    if (value.amount_off) return t("vouchers.good.off", { amount: sum(value.amount_off) });
    const percent = (value.percent ?? 0) / 100;
    return value.max_off ? t("vouchers.good.percentMost", { percent, most: sum(value.max_off) }) : t("vouchers.good.percent", { percent });
  }
  return t("vouchers.good.once");
}

/** The rules of its use that are set, a line each. */
export function rules(terms: TermsOut, t: ComposerTranslation, language: string): string[] {
  const set: Partial<NonNullable<TermsOut["rules"]>> = terms.rules ?? {};
  const lines: string[] = [];
  const add = (key: string, value: unknown, named: Record<string, unknown>): void => {
    if (Array.isArray(value) ? value.length : value) lines.push(t(`vouchers.rule.${key}`, named));
  };
  add("days", set.days_from_delivery, { days: set.days_from_delivery });
  add("weekdays", set.weekdays, { days: (set.weekdays ?? []).map((day) => t(`vouchers.weekday.${day}`)).join(", ") });
  add("hours", set.hours, { hours: (set.hours ?? []).map((one) => `${one.opens}–${one.closes}`).join(", ") });
  add("blackout", set.blackout_dates, { days: (set.blackout_dates ?? []).join(", ") });
  add("spend", set.minimum_spend, { amount: money({ amount: set.minimum_spend ?? 0, currency: terms.currency ?? "CNY" }, language) });
  add("goods", set.goods, { goods: (set.goods ?? []).join(", ") });
  add("stores", set.stores, { stores: (set.stores ?? []).join(", ") });
  add("regions", terms.regions, { regions: (terms.regions ?? []).join(", ") });
  add("perDay", set.per_day, { count: set.per_day });
  add("perMember", set.per_member, { count: set.per_member });
  add("perMemberDay", set.per_member_per_day, { count: set.per_member_per_day });
  add("when", set.when, { when: set.when });
  return lines;
}

/** The number of a redemption, by which it is taken back, of what a voucher's own history calls a use. */
export function redemptionOf(use: string, card: string): string {
  return `R${use}${card}`;
}
