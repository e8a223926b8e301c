/** What somebody pasted to find an order by. */
export type Wanted =
  | { kind: "order"; order: string }
  | { kind: "contact"; contact: string }
  | { kind: "transaction"; transaction: string; provider: string | null };

export const PROVIDERS = ["alipay", "wechat", "stripe", "sandbox", "manual", "account"] as const;

/** An order's number is in the numbers of its payments and refunds, which providers show as the merchant's own. */
const ORDER = /^O[0-9A-Z]{20}$/;
const PAYMENT = /^[PR]([0-9A-Z]{20})[0-9A-Z-]{3,}$/;
const PHONE = /^\+?[0-9][0-9 ()-]{4,18}[0-9]$/;

export function wanted(typed: string): Wanted | null {
  const text = typed.trim();
  if (text.length < 5) return null;
  const upper = text.toUpperCase();
  if (ORDER.test(upper)) return { kind: "order", order: upper };
  const payment = PAYMENT.exec(upper);
  if (payment) return { kind: "order", order: `O${payment[1]}` };
  if (text.includes("@")) return { kind: "contact", contact: text };
  if (PHONE.test(text) && text.replace(/\D/g, "").length <= 15) return { kind: "contact", contact: text };
  return { kind: "transaction", transaction: text, provider: providerOf(text) };
}

/** By the form of a provider's numbers, where it is one that nobody else has. */
function providerOf(number: string): string | null {
  if (/^(pi|ch|py)_/.test(number)) return "stripe";
  if (/^4[0-9]{27}$/.test(number)) return "wechat";
  if (/^20[0-9]{26}$/.test(number)) return "alipay";
  if (/^ST[0-9A-Z]{16}$/.test(number)) return "sandbox";
  return null;
}
