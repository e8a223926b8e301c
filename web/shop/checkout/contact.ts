import { phone } from "@shared/accounts/form";

export interface Contact {
  email?: string;
  phone?: string;
}
export type ContactFault = "missing" | "email" | "phone" | "country";

const EMAIL = /^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$/;
const LONGEST = 254;

/** One field for either: whatever has an `@` is an e-mail address. A number without a country's code is read as one of
 * mainland China, so that any other must say where it is. */
export function readContact(typed: string): { contact: Contact } | { fault: ContactFault } {
  const text = typed.normalize("NFKC").trim();
  if (!text) return { fault: "missing" };
  if (text.includes("@")) return EMAIL.test(text) && text.length <= LONGEST ? { contact: { email: text } } : { fault: "email" };
  const number = text.replace(/[\s().-]/g, "").replace(/^00/, "+");
  if (!/^\+?\d+$/.test(number)) return { fault: "phone" };
  if (number.startsWith("+")) return /^\+[1-9]\d{6,14}$/.test(number) ? { contact: { phone: number } } : { fault: "phone" };
  if (phone(["86"], number) === null) return { contact: { phone: number } };
  return { fault: /^1\d{10}$/.test(number) || number.length < 7 ? "phone" : "country" };
}

export const PASSWORD_LEAST = 4;
export const PASSWORD_MOST = 64;

/** May be left empty: then the order is found by its link alone. */
export function passwordFits(typed: string): boolean {
  const length = [...typed].length;
  return length === 0 || (length >= PASSWORD_LEAST && length <= PASSWORD_MOST);
}
