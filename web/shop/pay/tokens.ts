import { keep, read } from "@shared/sealed";

/** A buyer's right to an order, for as long as this tab lives: sealed, so that a cashier can send them back. */
export async function remember(order: string, token: string): Promise<void> {
  await keep(order, token);
}

export async function tokenOf(order: string): Promise<string | null> {
  return read(order);
}

let payer = "";
const PAYER = /^#payer=([\w-]{1,128})$/;

/** WeChat's own cashier must know who pays. Who has asked WeChat that (the official account's server, by its OAuth)
 * sends its shopper here with `#payer=<openid>`; it is taken off the address and stays in memory. */
export function hearPayer(hash: string): boolean {
  const found = PAYER.exec(hash);
  if (found?.[1]) payer = found[1];
  return found !== null;
}

export const payerKnown = (): string => payer;
