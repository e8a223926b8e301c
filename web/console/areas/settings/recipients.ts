export const MOST_RECIPIENTS = 20;
const ADDRESS = /^[^@\s,]{1,64}@[^@\s,]+\.[^@\s,]+$/;

/** What is wrong with the addresses of a mail, by its text's name; undefined where nothing is. Empty lines are no addresses. */
export function wrongIn(addresses: readonly string[]): { what: "address" | "twice"; address: string } | undefined {
  const seen = new Set<string>();
  for (const address of named(addresses)) {
    if (!ADDRESS.test(address) || address.length > 254) return { what: "address", address };
    if (seen.has(address.toLowerCase())) return { what: "twice", address };
    seen.add(address.toLowerCase());
  }
  return undefined;
}

export function named(addresses: readonly string[]): string[] {
  return addresses.map((one) => one.trim()).filter(Boolean);
}
