import { body, type Schemas } from "@shared/api/client";

import { shop } from "../../session";
import { asked } from "../../ui/asked";
import { said } from "../../ui/said";

export type Category = Schemas["CategoryInTree"];

export interface Choice {
  value: string;
  label: string;
  children: Choice[];
}

export interface Branch {
  id: string;
  title: string;
  category: Category;
  children: Branch[];
}

export function readTree() {
  const tree = asked(async () => (await body(shop.GET("/v1/admin/categories", {}))).items);
  void tree.again();
  return tree;
}

/** The API's list, parents before children and siblings in order, as a tree. */
export function branches(items: readonly Category[], language: string): Branch[] {
  const byId = new Map<string, Branch>();
  const roots: Branch[] = [];
  for (const category of items) {
    const branch = { id: category.id, title: said(category.titles, language), category, children: [] };
    byId.set(category.id, branch);
    (byId.get(category.parent_id ?? "")?.children ?? roots).push(branch);
  }
  return roots;
}

export function treeChoices(items: readonly Category[], language: string): Choice[] {
  const choices = (some: Branch[]): Choice[] => some.map((one) => ({ value: one.id, label: one.title, children: choices(one.children) }));
  return choices(branches(items, language));
}

export type Drop = "before" | "after" | "inner";

/** Where the API is to put what was dropped: under which parent, before which of its children. */
export function placeOf(items: readonly Category[], moved: string, target: string, how: Drop): { parent_id: string | null; before: string | null } {
  const on = items.find((one) => one.id === target);
  if (how === "inner" || !on) return { parent_id: on?.id ?? null, before: null };
  const parent = on.parent_id ?? null;
  if (how === "before") return { parent_id: parent, before: target };
  const siblings = items.filter((one) => (one.parent_id ?? null) === parent && one.id !== moved);
  return { parent_id: parent, before: siblings[siblings.findIndex((one) => one.id === target) + 1]?.id ?? null };
}

export type Step = "up" | "down" | "in" | "out";

/** The same by keyboard: a step up or down among its siblings, into the one above, out of its parent. Undefined where
 * there is no such place. */
export function stepOf(items: readonly Category[], id: string, step: Step): { parent_id: string | null; before: string | null } | undefined {
  const own = items.find((one) => one.id === id);
  if (!own) return undefined;
  const parent = own.parent_id ?? null;
  const siblings = items.filter((one) => (one.parent_id ?? null) === parent);
  const at = siblings.findIndex((one) => one.id === id);
  const above = siblings[at - 1];
  if (step === "up") return above && { parent_id: parent, before: above.id };
  if (step === "down") return siblings[at + 1] && { parent_id: parent, before: siblings[at + 2]?.id ?? null };
  if (step === "in") return above && { parent_id: above.id, before: null };
  return parent === null ? undefined : placeOf(items, id, parent, "after");
}
