import type { Area } from "../../areas";

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [{ path: "/", name: "home", group: "sell", order: 0, roles: ["operator", "support", "analyst"] }],
  routes: [
    { path: "/", component: () => import("./Home.vue") },
    { path: "/first-steps", component: () => import("./FirstSteps.vue"), meta: { roles: ["operator"] } },
  ],
} satisfies Area;
