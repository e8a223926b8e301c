import { faults, filled, type Fault, type Field, type Values } from "./form";

/** The accounts of one line as somebody fills them in: one for all of the quantity, or one for each. */
export interface Draft {
  each: boolean;
  /** They are named after the payment, where their SKU allows it. */
  later: boolean;
  values: Values[];
  /** What the API found wrong, by account and field: until that field is typed in again. */
  refused: Record<string, Fault>;
}

export function newDraft(): Draft {
  return { each: false, later: false, values: [{}], refused: {} };
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

/** Nothing is asked for now. `hours`: how long after the payment it can be; null where it cannot. */
export function leftOut(draft: Draft, hours: number | null): boolean {
  return draft.later && hours !== null;
}

/** Every field that keeps what is filled in from being sent, by `place`. */
export function wrong(fields: readonly Field[], draft: Draft, quantity: number, hours: number | null): Record<string, Fault> {
  if (leftOut(draft, hours)) return {};
  const found: Record<string, Fault> = { ...draft.refused };
  accounts(draft, quantity).forEach((values, account) => {
    for (const [name, fault] of Object.entries(faults(fields, values))) found[place(account, name)] = fault;
  });
  return found;
}

export function sent(fields: readonly Field[], draft: Draft, quantity: number, hours: number | null): Values[] {
  if (!fields.length || leftOut(draft, hours)) return [];
  return accounts(draft, quantity).map((values) => filled(fields, values));
}
