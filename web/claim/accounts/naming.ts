import { place, sent, type Draft } from "@shared/accounts/draft";
import { fieldOf, placed, type Fault, type Values } from "@shared/accounts/form";
import type { Schemas } from "@shared/api/client";

/** What a line of the order still lacks, as the API says. */
export type Missing = Schemas["MissingView"];

/** What is sent: an account for each of the line's quantity, empty where nothing is asked for. */
export function naming(missing: Missing, quantity: number, draft: Draft): Values[] {
  const given = sent(missing.account_form, draft, missing.numbers.length, null);
  return Array.from({ length: quantity }, (_, number) => {
    const at = missing.numbers.indexOf(number);
    return at < 0 ? {} : (given[draft.each ? at : 0] ?? {});
  });
}

/** What the API found wrong, at the fields of the form. */
export function refusals(missing: Missing, draft: Draft, errors: readonly { field: string; reason: string }[]): Record<string, Fault> {
  const found: Record<string, Fault> = {};
  for (const { field, reason } of errors) {
    const at = placed(field);
    const account = draft.each ? missing.numbers.indexOf(at?.account ?? -1) : 0;
    const shown = at && fieldOf(missing.account_form, at.name);
    if (shown && account >= 0) found[place(account, shown.name)] = reason as Fault;
  }
  return found;
}
