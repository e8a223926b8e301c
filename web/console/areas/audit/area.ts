import type { Area } from "../../areas";

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [{ path: "/audit", name: "audit", group: "shop", order: 90, roles: ["operator", "support"] }],
  routes: [{ path: "/audit", component: () => import("./Audit.vue") }],
} satisfies Area;
