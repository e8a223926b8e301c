import type { Area } from "../../areas";

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [
    { path: "/stock", name: "stock", group: "stock", order: 13, roles: ["operator"] },
    { path: "/cards", name: "find", group: "stock", order: 14, roles: ["operator"] },
    { path: "/stock-policies", name: "stockPolicies", group: "stock", order: 15, roles: ["operator"] },
  ],
  routes: [
    { path: "/stock", component: () => import("./Levels.vue") },
    { path: "/stock/batches/:id", component: () => import("./BatchPage.vue"), props: true },
    { path: "/cards", component: () => import("./FindCards.vue") },
    { path: "/stock-policies", component: () => import("./Policies.vue") },
    { path: "/stock-policies/new", component: () => import("./PolicyPage.vue") },
    { path: "/stock-policies/:sku/:channel", component: () => import("./PolicyPage.vue"), props: true },
  ],
} satisfies Area;
