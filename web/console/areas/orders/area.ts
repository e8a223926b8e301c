import type { Area } from "../../areas";

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [{ path: "/orders", name: "orders", group: "sell", order: 10, roles: ["operator", "support"] }],
  routes: [
    { path: "/orders", component: () => import("./Orders.vue") },
    { path: "/orders/:id", component: () => import("./Order.vue"), props: true },
  ],
} satisfies Area;
