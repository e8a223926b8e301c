import type { Schemas } from "@shared/api/client";

export type Case = Schemas["FullCase"];
export type Action = Schemas["AnswerBody"]["action"];

const OPEN = ["waiting_for_us", "answered"];
/** WeChat's and Alipay's buyers get the words alone, so many of them. */
const LETTERS: Record<string, number> = { wechat: 200, alipay: 200 };

export function isOpen(one: { state: string }): boolean {
  return OPEN.includes(one.state);
}

/** Evidence of a dispute is taken once: now its bank decides. */
export function bankDecides(one: { kind: string; state: string }): boolean {
  return one.kind === "dispute" && one.state === "answered";
}

/** What became of the last answer, where that asks for somebody or is still to come; a review tells for itself. */
export function openOutcome(one: Pick<Case, "answers" | "state">): "failed" | "unknown" | undefined {
  const last = one.answers.at(-1);
  if (!last || !isOpen(one) || last.outcome === "succeeded") return undefined;
  return last.outcome === "unknown" && last.review ? undefined : last.outcome;
}

/** A line of the history: a state, an answer that was given, or what became of one (`accept failed`). */
export function stepOf(what: string): { kind: "case" | "answer" | "failed" | "turned_down"; value: string } {
  const [value = "", ...rest] = what.split(" ");
  if (rest.length) return { kind: rest.join("_") === "turned_down" ? "turned_down" : "failed", value };
  return { kind: ["reply", "refund", "accept", "decline"].includes(value) ? "answer" : "case", value };
}

/** The answers that this case can be given: what the API would refuse is not offered. */
export function actions(one: Case): Action[] {
  if (!isOpen(one)) return [];
  if (one.kind === "dispute") {
    const sent = one.state === "answered";
    if (one.inquiry) return sent ? refundOf(one) : ["reply", ...refundOf(one)];
    return sent ? [] : ["reply", "accept"];
  }
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
