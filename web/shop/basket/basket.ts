import { computed, reactive } from "vue";

/** That many of a SKU; `product` is whose page it is on. Nothing about its buyer. */
export interface Wanted {
  product: string;
  sku: string;
  quantity: number;
}

export const MOST_LINES = 100;
export const MOST_EACH = 1000;

const SLOT = "basket";
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Ids and quantities of what a browser kept; whatever is none of ours is left out. */
export function parsed(text: string | null): Wanted[] {
  let told: unknown;
  try {
    told = JSON.parse(text ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(told)) return [];
  const found: Wanted[] = [];
  for (const one of told as unknown[]) {
    if (!Array.isArray(one)) continue;
    const [product, sku, quantity] = one as unknown[];
    if (typeof product !== "string" || typeof sku !== "string" || !ID.test(product) || !ID.test(sku)) continue;
    if (typeof quantity === "number" && Number.isInteger(quantity) && quantity >= 1 && quantity <= MOST_EACH)
      found.push({ product, sku, quantity });
  }
  return found.slice(0, MOST_LINES);
}

const lines = reactive<Wanted[]>(parsed(sessionStorage.getItem(SLOT)));

function keep(): void {
  sessionStorage.setItem(SLOT, JSON.stringify(lines.map((line) => [line.product, line.sku, line.quantity])));
}

/** What somebody means to buy, in this tab. */
export const basket = {
  lines,
  count: computed(() => lines.reduce((sum, line) => sum + line.quantity, 0)),
  /** How many of it are in there now; 0 where there is no room for another line. */
  add(wanted: Wanted): number {
    const known = lines.find((line) => line.sku === wanted.sku);
    if (!known && lines.length >= MOST_LINES) return 0;
    if (known) known.quantity = Math.min(MOST_EACH, known.quantity + wanted.quantity);
    else lines.push({ ...wanted });
    keep();
    return known?.quantity ?? wanted.quantity;
  },
  set(sku: string, quantity: number): void {
    const known = lines.find((line) => line.sku === sku);
    if (!known) return;
    known.quantity = Math.max(1, Math.min(MOST_EACH, Math.trunc(quantity) || 1));
    keep();
  },
  remove(skus: readonly string[]): void {
    const left = lines.filter((line) => !skus.includes(line.sku));
    lines.splice(0, lines.length, ...left);
    keep();
  },
};
