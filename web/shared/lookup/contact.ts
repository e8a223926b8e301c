const EMAIL = /^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$/;
const NUMBER = /^\+?\d{5,25}$/;
const LONGEST = 254;

/** What orders are looked for by, as the API reads it: they come from elsewhere than this shop's checkout too, so that a
 * number needs no country here. */
export function sought(typed: string): { contact: string } | { fault: "missing" | "form" } {
  const text = typed.normalize("NFKC").trim();
  if (!text) return { fault: "missing" };
  if (text.includes("@")) return EMAIL.test(text) && text.length <= LONGEST ? { contact: text } : { fault: "form" };
  const number = text.replace(/[\s().-]/g, "").replace(/^00/, "+");
  return NUMBER.test(number) ? { contact: number } : { fault: "form" };
}
