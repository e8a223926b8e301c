/** Why nothing can be found under that contact; null where it may be one: an address, or a phone number as typed. */
export function contactFault(text: string): "missing" | "form" | null {
  const contact = text.trim();
  if (!contact) return "missing";
  const mail = /^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$/.test(contact);
  const phone = /^\+?[0-9][0-9 -]{4,24}$/.test(contact);
  return mail || phone ? null : "form";
}
