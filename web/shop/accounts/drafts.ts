import { reactive } from "vue";

import { faults, filled, type Fault, type Field, type Values } from "./form";

/** The accounts of one SKU as somebody fills them in: one for all of the quantity, or one for each. */
export interface Draft {
  each: boolean;
  values: Values[];
  /** What the API found wrong, by account and field: until that field is typed in again. */
  refused: Record<string, Fault>;
}

/** By SKU. An account is somebody's: kept in memory, and gone with a reload. */
const drafts = reactive(new Map<string, Draft>());

export function draftOf(sku: string): Draft {
  let found = drafts.get(sku);
  if (!found) {
    drafts.set(sku, { each: false, values: [{}], refused: {} });
    found = drafts.get(sku) as Draft;
  }
  return found;
}

export function forgetDrafts(skus: readonly string[]): void {
  for (const sku of skus) drafts.delete(sku);
}

/** As many accounts as are asked for; what was filled in stays, also of those that are left out for now. */
export function accounts(draft: Draft, quantity: number): Values[] {
  const count = draft.each ? quantity : 1;
  while (draft.values.length < count) draft.values.push({});
  return draft.values.slice(0, count);
}

export function place(account: number, name: string): string {
  return `${account}.${name}`;
}

/** Every field that keeps the order from being placed, by `place`. */
export function wrong(fields: readonly Field[], draft: Draft, quantity: number): Record<string, Fault> {
  const found: Record<string, Fault> = { ...draft.refused };
  accounts(draft, quantity).forEach((values, account) => {
    for (const [name, fault] of Object.entries(faults(fields, values))) found[place(account, name)] = fault;
  });
  return found;
}

export function sent(fields: readonly Field[], draft: Draft, quantity: number): Values[] {
  return fields.length ? accounts(draft, quantity).map((values) => filled(fields, values)) : [];
}
