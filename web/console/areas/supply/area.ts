import type { Area } from "../../areas";

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [
    { path: "/alerts", name: "alerts", group: "supply", order: 30, roles: ["operator"] },
    { path: "/purchases", name: "purchases", group: "supply", order: 31, roles: ["operator", "support", "analyst"] },
    { path: "/suppliers", name: "suppliers", group: "supply", order: 32, roles: ["operator"] },
    { path: "/statements", name: "statements", group: "supply", order: 33, roles: ["operator"] },
  ],
  routes: [
    { path: "/alerts", component: () => import("./Alerts.vue") },
    { path: "/purchases", component: () => import("./Purchases.vue") },
    { path: "/suppliers", component: () => import("./Suppliers.vue") },
    { path: "/suppliers/:id", component: () => import("./Supplier.vue"), props: true },
    { path: "/statements", component: () => import("./Statements.vue") },
  ],
} satisfies Area;
