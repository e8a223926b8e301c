import type { Area } from "../../areas";

const STAFF = ["operator", "support"] as const;

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [
    { path: "/claims", name: "claims", group: "after", order: 10, roles: STAFF },
    { path: "/cases", name: "cases", group: "after", order: 20, roles: STAFF },
    { path: "/reviews", name: "reviews", group: "after", order: 30, roles: STAFF },
    { path: "/invoices", name: "invoices", group: "after", order: 40, roles: STAFF },
    { path: "/charge-backs", name: "charge-backs", group: "after", order: 50, roles: ["operator"] },
    { path: "/reconcile", name: "reconcile", group: "after", order: 60, roles: ["operator", "analyst"] },
  ],
  routes: [
    { path: "/claims", component: () => import("./Claims.vue") },
    { path: "/cases", component: () => import("./Cases.vue") },
    { path: "/cases/:id", component: () => import("./Case.vue"), props: true },
    { path: "/reviews", component: () => import("./Reviews.vue") },
    { path: "/reviews/:id", component: () => import("./Review.vue"), props: true },
    { path: "/invoices", component: () => import("./Invoices.vue") },
    { path: "/charge-backs", component: () => import("./ChargeBacks.vue") },
    { path: "/reconcile", component: () => import("./Reconcile.vue") },
  ],
} satisfies Area;
