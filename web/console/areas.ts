import type { RouteRecordRaw } from "vue-router";

import type { Parts } from "@shared/i18n";

import type { Role } from "./session";

/** Groups of the menu, in its order. */
export const GROUPS = ["sell", "after", "risk", "stock", "supply", "know", "shop"] as const;
export type Group = (typeof GROUPS)[number];

export interface Place {
  /** Its path below `/console`, which is also what the menu marks; `menu.<name>` is its title. */
  path: string;
  name: string;
  group: Group;
  order: number;
  /** Who sees it: who may make the calls that it needs. */
  roles: readonly Role[];
}

/** A folder of `areas/`: one subject of the shop. Its texts and pages are loaded when it is opened. */
export interface Area {
  texts: Parts;
  places: readonly Place[];
  /** Paths are relative to `/`; `meta.roles` where it differs from the place's. */
  routes: readonly RouteRecordRaw[];
}

const found = import.meta.glob<{ default: Area }>("./areas/*/area.ts", { eager: true });

export const AREAS: readonly Area[] = Object.values(found).map((one) => one.default);
export const PLACES: readonly Place[] = AREAS.flatMap((area) => area.places).sort((a, b) => a.order - b.order);

export function placesFor(role: Role | undefined): readonly Place[] {
  return role ? PLACES.filter((place) => place.roles.includes(role)) : [];
}
