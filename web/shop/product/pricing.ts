import type { Schemas } from "@shared/api/client";
import type { Money } from "@shared/money";

export type Sku = Schemas["ShownSku"];

/** What one costs at that quantity, by the page's own copy of the tiers: shown at once, until the quote says it. */
export function unitPrice(sku: Pick<Sku, "price" | "tiers">, quantity: number): Money {
  let best: Money = sku.price;
  let from = 1;
  for (const tier of sku.tiers)
    if (tier.from_quantity <= quantity && tier.from_quantity >= from) {
      best = tier.price;
      from = tier.from_quantity;
    }
  return best;
}

export function times(price: Money, quantity: number): Money {
  return { amount: price.amount * quantity, currency: price.currency };
}

/** The next cheaper step, and how many more it takes. */
export function nextTier(sku: Pick<Sku, "price" | "tiers">, quantity: number): { more: number; price: Money } | null {
  const now = unitPrice(sku, quantity).amount;
  const ahead = sku.tiers
    .filter((tier) => tier.from_quantity > quantity && tier.price.amount < now)
    .sort((a, b) => a.from_quantity - b.from_quantity)[0];
  return ahead ? { more: ahead.from_quantity - quantity, price: ahead.price } : null;
}

/** Steps as a table reads them: `upTo` is null for the last. */
export function steps(sku: Pick<Sku, "price" | "tiers">): { from: number; upTo: number | null; price: Money }[] {
  const all = [...sku.tiers].sort((a, b) => a.from_quantity - b.from_quantity);
  if ((all[0]?.from_quantity ?? 2) > 1) all.unshift({ from_quantity: 1, price: sku.price });
  return all.map((tier, i) => {
    const after = all[i + 1];
    return { from: tier.from_quantity, upTo: after ? after.from_quantity - 1 : null, price: tier.price };
  });
}

/** What the price is below the face value; null where it is not, or cannot be compared. */
export function saving(price: Money, face: Money | null): { amount: Money; percent: number } | null {
  if (!face || face.currency !== price.currency || face.amount <= price.amount) return null;
  const off = face.amount - price.amount;
  return { amount: { amount: off, currency: face.currency }, percent: Math.floor((off * 100) / face.amount) };
}

/** The cheapest of several, as a list shows it; `several` where there are dearer ones. */
export function from(prices: readonly Money[]): { least: Money; several: boolean } | null {
  const least = [...prices].sort((a, b) => a.amount - b.amount)[0];
  if (!least) return null;
  return { least, several: prices.some((price) => price.amount !== least.amount || price.currency !== least.currency) };
}
