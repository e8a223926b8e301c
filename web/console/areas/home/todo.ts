import { body } from "@shared/api/client";

import type { Page } from "../../lists/pages";
import { shop, type Role } from "../../session";

export interface Counted {
  count: number;
  /** There are more than were counted. */
  more: boolean;
}

export interface Todo {
  name: string;
  roles: readonly Role[];
  /** Where it is done. */
  to: { path: string; query?: Record<string, string> };
  urgent?: boolean;
  count: (signal: AbortSignal) => Promise<Counted>;
}

const PAGES = 3;

/** Counts a list by reading it, as far as three pages: it is told that there are more, not how many. A page may be
 * short, or empty, and still have a next one. */
export async function counted(ask: (cursor: string | undefined) => Promise<Page<unknown>>): Promise<Counted> {
  let count = 0;
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const answer = await ask(cursor);
    count += answer.items.length;
    if (!answer.next) return { count, more: false };
    cursor = answer.next;
  }
  return { count, more: true };
}

const limit = 100;
const STAFF = ["operator", "support"] as const;

/** What waits for somebody, most pressing first; each role sees what it may do something about. */
export const TODOS: readonly Todo[] = [
  {
    name: "alerts",
    roles: ["operator"],
    to: { path: "/alerts", query: { state: "open" } },
    urgent: true,
    count: (signal) => counted((cursor) => body(shop.GET("/v1/admin/alerts", { params: { query: { state: "open", limit, cursor } }, signal }))),
  },
  {
    name: "cases",
    roles: STAFF,
    to: { path: "/cases", query: { state: "waiting_for_us" } },
    urgent: true,
    count: (signal) => counted((cursor) => body(shop.GET("/v1/admin/cases", { params: { query: { state: "waiting_for_us", limit, cursor } }, signal }))),
  },
  {
    name: "reviews",
    roles: STAFF,
    to: { path: "/reviews", query: { state: "open" } },
    urgent: true,
    count: (signal) => counted((cursor) => body(shop.GET("/v1/reviews", { params: { query: { state: "open", limit, cursor } }, signal }))),
  },
  {
    name: "claims",
    roles: STAFF,
    to: { path: "/claims" },
    count: (signal) => counted((cursor) => body(shop.GET("/v1/admin/claims", { params: { query: { limit, cursor } }, signal }))),
  },
  {
    name: "drafts",
    roles: ["operator"],
    to: { path: "/purchases", query: { state: "draft" } },
    count: (signal) => counted((cursor) => body(shop.GET("/v1/admin/purchase-orders", { params: { query: { state: "draft", limit, cursor } }, signal }))),
  },
  {
    name: "purchases",
    roles: STAFF,
    to: { path: "/purchases", query: { for_person: "true" } },
    count: (signal) => counted((cursor) => body(shop.GET("/v1/admin/purchase-orders", { params: { query: { for_person: true, limit, cursor } }, signal }))),
  },
  {
    name: "insights",
    roles: ["operator", "analyst"],
    to: { path: "/insights" },
    count: async (signal) => ({ count: (await body(shop.GET("/v1/reports/insights", { signal }))).items.length, more: false }),
  },
];

export function todosFor(role: Role | undefined): readonly Todo[] {
  return role ? TODOS.filter((todo) => todo.roles.includes(role)) : [];
}
