import type { Schemas } from "@shared/api/client";
import { money } from "@shared/money";
import { day } from "@shared/time";

type Voucher = Schemas["ShownVoucher"];
type Says = (key: string, values?: Record<string, unknown>, count?: number) => string;

export interface Speech {
  t: Says;
  language: string;
  currency: string;
}

const WEEK = 7;
/** A Monday, so that a weekday can be named by the reader's own language. */
const MONDAY = Date.UTC(2024, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;
/** More dates than this are told by their number. */
const MOST_DATES = 6;

/** What a voucher is worth, as its buyer would say it. */
export function worth({ value }: Voucher, { t, language, currency }: Speech): string {
  const amount = (minor: number) => money({ amount: minor, currency }, language);
  switch (value.kind) {
    case "times":
      return t("voucher.times", { times: value.times });
    case "amount":
      return t("voucher.amount", { amount: amount(value.amount) });
    case "discount":
      if (value.amount_off) return t("voucher.amountOff", { amount: amount(value.amount_off) });
      return t(value.max_off ? "voucher.percentMost" : "voucher.percent", {
        percent: percent(value.percent ?? 0, language),
        most: amount(value.max_off ?? 0),
      });
    case "goods":
      return t("voucher.goods", {
        goods: value.goods.map((one) => `${one.name} × ${one.quantity ?? 1}`).join(t("voucher.and")),
      });
    default:
      return t("voucher.once");
  }
}

/** Basis points, as the language writes a share. */
function percent(points: number, language: string): string {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 2 }).format(points / 10_000);
}

/** When, where and for what it may be used: a sentence for each rule. Days and hours are those of the shop. */
export function rules({ rules: set, regions }: Voucher, { t, language, currency }: Speech): string[] {
  const found: string[] = [];
  const say = (key: string, values: Record<string, unknown> = {}) => found.push(t(`voucher.${key}`, values));
  const joined = (texts: readonly string[]) => texts.join(t("voucher.and"));
  if (set.valid_from) say("validFrom", { day: day(set.valid_from, language) });
  if (set.valid_until) say("validUntil", { day: day(set.valid_until, language) });
  if (set.days_from_delivery) say("daysFromDelivery", { days: set.days_from_delivery });
  if (set.weekdays?.length && set.weekdays.length < WEEK) say("weekdays", { days: joined(weekdays(set.weekdays, language)) });
  if (set.hours?.length) say("hours", { hours: joined(set.hours.map((one) => `${one.opens}–${one.closes}`)) });
  if (set.blackout_dates?.length) {
    const dates = set.blackout_dates.slice(0, MOST_DATES).map((date) => day(date, language));
    say(set.blackout_dates.length > MOST_DATES ? "blackoutMore" : "blackout", {
      dates: joined(dates),
      count: set.blackout_dates.length,
    });
  }
  if (set.stores?.length) say("stores", { stores: joined(set.stores) });
  if (regions.length) say("regions", { regions: joined(regions) });
  if (set.goods?.length) say("onlyGoods", { goods: joined(set.goods) });
  if (set.minimum_spend) say("minimumSpend", { amount: money({ amount: set.minimum_spend, currency }, language) });
  if (set.per_day) say("perDay", { times: set.per_day });
  if (set.per_member) say("perMember", { times: set.per_member });
  if (set.per_member_per_day) say("perMemberPerDay", { times: set.per_member_per_day });
  return found;
}

function weekdays(days: readonly number[], language: string): string[] {
  const named = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });
  return [...days].sort((a, b) => a - b).map((one) => named.format(new Date(MONDAY + (one - 1) * DAY_MS)));
}

/** A description is text: an empty line begins a paragraph. */
export function paragraphs(text: string): string[] {
  return text
    .split(/\r?\n\s*\r?\n/)
    .map((one) => one.trim())
    .filter(Boolean);
}
