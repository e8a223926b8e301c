/** How a state looks: what asks for somebody stands out, what is done is quiet. */
export type Tone = "success" | "warning" | "danger" | "info" | "primary";

const TONES: Record<string, Record<string, Tone>> = {
  order: {
    awaiting_payment: "warning",
    paid: "primary",
    fulfilling: "primary",
    fulfilled: "success",
    on_hold: "danger",
    refunding: "warning",
    partially_refunded: "warning",
  },
  unit: { waiting: "warning", delivered: "success", refunding: "warning" },
  payment: { open: "warning", captured: "success", failed: "danger" },
  refund: { requested: "warning", unknown: "warning", succeeded: "success", failed: "danger" },
  claim: { open: "danger", granting: "warning", granted: "success" },
  case: { waiting_for_us: "danger", answered: "warning", won: "success", lost: "danger", accepted: "info", refunded: "info" },
  outcome: { succeeded: "success", failed: "danger", unknown: "warning" },
  invoice: { requested: "warning", issued: "success", to_reverse: "danger" },
  owed: { replaced: "success", waiting: "warning", refunded: "info" },
  review: { open: "danger", approved: "success", refused: "info" },
  verdict: { approve: "success", hold: "warning", refuse: "danger", score: "info" },
  card: { available: "primary", reserved: "warning", delivered: "success", redeemed: "info", quarantined: "warning" },
  mail: { asked: "warning", waiting: "warning", sending: "warning", sent: "success", failed: "danger" },
  import: { running: "primary", done: "success", failed: "danger", awaiting_upload: "warning" },
};

export function tone(kind: string, state: string): Tone {
  return TONES[kind]?.[state] ?? "info";
}
