import { reactive } from "vue";

import { newDraft, type Draft } from "@shared/accounts/draft";

/** By SKU. An account is somebody's: kept in memory, and gone with a reload. */
const drafts = reactive(new Map<string, Draft>());

export function draftOf(sku: string): Draft {
  let found = drafts.get(sku);
  if (!found) {
    drafts.set(sku, newDraft());
    found = drafts.get(sku) as Draft;
  }
  return found;
}

export function forgetDrafts(skus: readonly string[]): void {
  for (const sku of skus) drafts.delete(sku);
}
