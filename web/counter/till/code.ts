/** Codes of the shop's own vouchers, as people read and type them: the check letter tells a slip before it costs a try. */
const ALPHABET = "23456789ACDEFHJKMPRTWXY";
const WEIGHTS = ALPHABET.length - 1;
const MOST = 64;

/** Without blanks and hyphens, in capitals of single width. */
export function plain(text: string): string {
  return text.normalize("NFKC").replace(/[\s\p{Pd}\u00ad\u200b-\u200d\ufeff]/gu, "").toUpperCase();
}

export type Slip =
  | null
  /** These letters stand in no code: they were misread. */
  | { kind: "letters"; letters: string[] }
  /** A letter is wrong or two changed places, or some are missing. */
  | { kind: "check" };

/** What is wrong with a code that was typed. */
export function slip(text: string): Slip {
  const code = plain(text);
  const strange = [...new Set([...code].filter((one) => !ALPHABET.includes(one)))];
  if (strange.length) return { kind: "letters", letters: strange };
  if (code.length < 2 || code.length > MOST) return { kind: "check" };
  const sum = [...code].reverse().reduce((all, one, place) => all + ((place % WEIGHTS) + 1) * ALPHABET.indexOf(one), 0);
  return sum % ALPHABET.length === 0 ? null : { kind: "check" };
}

/** What was scanned or typed: the text of a voucher's QR code, or a code. */
export type Held = { qr: string } | { code: string; pin: string | null };

export function held(text: string, pin = ""): Held {
  const trimmed = text.trim();
  return /^QV1\./.test(trimmed) ? { qr: trimmed } : { code: trimmed, pin: pin.trim() || null };
}
