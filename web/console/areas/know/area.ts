import type { Area } from "../../areas";

const READERS = ["operator", "analyst"] as const;

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [
    { path: "/trading", name: "trading", group: "know", order: 40, roles: READERS },
    { path: "/insights", name: "insights", group: "know", order: 41, roles: READERS },
    { path: "/customers", name: "customers", group: "know", order: 42, roles: READERS },
    { path: "/channel-returns", name: "channelReturns", group: "know", order: 43, roles: READERS },
    { path: "/product-returns", name: "productReturns", group: "know", order: 44, roles: READERS },
    { path: "/running", name: "running", group: "know", order: 45, roles: READERS },
    { path: "/daily", name: "daily", group: "know", order: 46, roles: READERS },
  ],
  routes: [
    { path: "/trading", component: () => import("./Trading.vue") },
    { path: "/insights", component: () => import("./Insights.vue") },
    { path: "/customers", component: () => import("./Customers.vue") },
    { path: "/channel-returns", component: () => import("./ChannelReturns.vue") },
    { path: "/product-returns", component: () => import("./ProductReturns.vue") },
    { path: "/running", component: () => import("./Running.vue") },
    { path: "/daily", component: () => import("./Daily.vue") },
  ],
} satisfies Area;
