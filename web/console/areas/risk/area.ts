import type { Area } from "../../areas";

const OPERATOR = ["operator"] as const;

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [
    { path: "/decisions", name: "decisions", group: "risk", order: 10, roles: OPERATOR },
    { path: "/rules", name: "rules", group: "risk", order: 20, roles: OPERATOR },
    { path: "/policies", name: "policies", group: "risk", order: 30, roles: OPERATOR },
    { path: "/lists", name: "lists", group: "risk", order: 40, roles: OPERATOR },
  ],
  routes: [
    { path: "/decisions", component: () => import("./Decisions.vue") },
    { path: "/decisions/:id", component: () => import("./Decision.vue"), props: true },
    { path: "/rules", component: () => import("./Points.vue") },
    { path: "/rules/:point", component: () => import("./Rules.vue"), props: true },
    { path: "/policies", component: () => import("./Policies.vue") },
    { path: "/lists", component: () => import("./Lists.vue") },
  ],
} satisfies Area;
