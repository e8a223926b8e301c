import type { Schemas } from "@shared/api/client";

export type Case = Schemas["FullCase"];
export type Action = Schemas["AnswerBody"]["action"];

const OPEN = ["waiting_for_us", "answered"];
/** WeChat's and Alipay's buyers get the words alone, so many of them. */
const LETTERS: Record<string, number> = { wechat: 200, alipay: 200 };

export function isOpen(one: { state: string }): boolean {
  return OPEN.includes(one.state);
}

/** The answers that this case can be given: what the API would refuse is not offered. */
export function actions(one: Case): Action[] {
  if (!isOpen(one)) return [];
  if (one.kind === "dispute") return one.inquiry ? ["reply", ...refundOf(one)] : ["reply", "accept"];
  const decline: Action[] = one.provider === "wechat" && one.order ? ["decline"] : [];
  return ["reply", ...refundOf(one), "accept", ...decline];
}

function refundOf(one: Case): Action[] {
  return one.order ? ["refund"] : [];
}

export function mostLetters(provider: string): number {
  return LETTERS[provider] ?? 2000;
}

export function needsText(action: Action): boolean {
  return action === "reply" || action === "decline";
}
