import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";

import type { Parts } from "@shared/i18n";

import { AREAS, placesFor, type Area } from "./areas";
import { role } from "./session";

declare module "vue-router" {
  interface RouteMeta {
    texts?: Parts;
    roles?: readonly string[];
  }
}

function routesOf(area: Area): RouteRecordRaw[] {
  return area.routes.map((route) => {
    const place = area.places.find((one) => route.path === one.path || route.path.startsWith(`${one.path}/`));
    return { ...route, meta: { texts: area.texts, roles: place?.roles, ...route.meta } } as RouteRecordRaw;
  });
}

/** `add` brings an area's texts before its first page is shown. */
export function consoleRouter(add: (texts: Parts) => Promise<void>) {
  const router = createRouter({
    history: createWebHistory("/console/"),
    routes: [
      ...AREAS.flatMap(routesOf),
      { path: "/:rest(.*)*", name: "nowhere", component: () => import("./frame/Nowhere.vue") },
    ],
  });
  router.beforeEach(async (to) => {
    if (to.meta.texts) await add(to.meta.texts);
    const allowed = to.meta.roles;
    if (role.value && allowed && !allowed.includes(role.value)) return placesFor(role.value)[0]?.path ?? { name: "nowhere" };
    return true;
  });
  return router;
}
