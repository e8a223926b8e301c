import type { Schemas } from "@shared/api/client";

import type { FieldFault } from "../../ui/fields";

export type Table = Schemas["RuleTable"];
export type Rule = Schemas["Rule"];
export type Point = Schemas["FieldsView"]["point"];

export const POINTS: readonly Point[] = ["order", "delivery", "redemption", "refund"];
export const THENS: readonly Rule["then"][] = ["hold", "refuse", "approve", "score"];

/** A row as it is edited: `key` is the page's own, so that a row keeps its faults when others move. */
export interface Row {
  key: number;
  id: string;
  when: string;
  then: Rule["then"];
  score: number;
  reason: string;
  public: boolean;
}

let made = 0;

export function rowsOf(table: Table): Row[] {
  return (table.rules ?? []).map((rule) => ({
    key: ++made,
    id: rule.id,
    when: rule.when,
    then: rule.then,
    score: rule.score ?? 0,
    reason: rule.reason,
    public: rule.public ?? false,
  }));
}

export function newRow(rows: readonly Row[]): Row {
  let number = rows.length + 1;
  while (rows.some((row) => row.id === `rule_${number}`)) number++;
  return { key: ++made, id: `rule_${number}`, when: "", then: "hold", score: 0, reason: "", public: false };
}

export function tableOf(rows: readonly Row[], holdAt: number | null, refuseAt: number | null): Table {
  return {
    rules: rows.map(({ id, when, then, score, reason, public: told }) => ({
      id: id.trim(),
      when: when.trim(),
      then,
      score: then === "score" ? score : 0,
      reason: reason.trim(),
      public: told,
    })),
    hold_at: holdAt,
    refuse_at: refuseAt,
  };
}

export type Cell = "id" | "when" | "then" | "score" | "reason";

/** What can be seen to be wrong without asking: the same rules as the API's. Values are texts' keys. */
export function faultsOf(rows: readonly Row[]): Map<string, string> {
  const found = new Map<string, string>();
  rows.forEach((row, index) => {
    if (!/^[a-z0-9][a-z0-9_.:-]{0,63}$/.test(row.id.trim())) found.set(`${index}.id`, "risk.cell.id");
    else if (rows.findIndex((other) => other.id.trim() === row.id.trim()) !== index) found.set(`${index}.id`, "risk.cell.twice");
    if (!/^[a-z][a-z0-9_]{0,47}$/.test(row.reason.trim())) found.set(`${index}.reason`, "risk.cell.reason");
    if (!row.when.trim()) found.set(`${index}.when`, "risk.cell.when");
    else if (row.when.length > 1000) found.set(`${index}.when`, "risk.cell.long");
    if (row.then === "score" && !(Number.isInteger(row.score) && row.score >= 1 && row.score <= 1000)) found.set(`${index}.score`, "risk.cell.score");
  });
  return found;
}

/** The API's faults by cell: `table.rules.2.when` and `rules.2.when` both are the third row's condition. */
export function cellFaults(faults: readonly FieldFault[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const fault of faults) {
    const cell = /rules\.(\d+)\.(\w+)$/.exec(fault.field);
    if (cell) found.set(`${cell[1]}.${cell[2]}`, fault.message);
  }
  return found;
}

export function same(a: Table, b: Table): boolean {
  return JSON.stringify(tableOf(rowsOf(a), a.hold_at ?? null, a.refuse_at ?? null)) === JSON.stringify(tableOf(rowsOf(b), b.hold_at ?? null, b.refuse_at ?? null));
}

export interface FieldChoice {
  name: string;
  type: string;
  about: string;
}

/** Fields whose name or meaning has all the words that were typed, the shortest name first. */
export function fieldsFor<F extends FieldChoice>(fields: readonly F[], typed: string, most = 60): F[] {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return fields
    .filter((field) => wanted.every((word) => `${field.name} ${field.about}`.toLowerCase().includes(word)))
    .slice(0, most);
}

/** A condition to begin with, of that field. */
export function begun(field: FieldChoice): string {
  if (field.type === "number") return `${field.name} >= 1`;
  if (field.type === "text") return `${field.name} == ''`;
  if (field.type === "texts") return `'email' in ${field.name}`;
  return field.name;
}
