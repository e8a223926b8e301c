import type { Area } from "../../areas";

const OPERATOR = ["operator"] as const;

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [
    { path: "/payments", name: "payments", group: "shop", order: 60, roles: OPERATOR },
    { path: "/bots", name: "bots", group: "shop", order: 61, roles: OPERATOR },
    { path: "/mails", name: "mails", group: "shop", order: 62, roles: OPERATOR },
    { path: "/bands", name: "bands", group: "shop", order: 63, roles: ["operator", "analyst"] },
    { path: "/insight-rules", name: "insightRules", group: "shop", order: 64, roles: ["operator", "analyst"] },
    { path: "/digest", name: "digest", group: "shop", order: 65, roles: OPERATOR },
    { path: "/resellers", name: "resellers", group: "shop", order: 66, roles: OPERATOR },
  ],
  routes: [
    { path: "/payments", component: () => import("./Payments.vue") },
    { path: "/bots", component: () => import("./Bots.vue") },
    { path: "/mails", component: () => import("./Mails.vue") },
    { path: "/bands", component: () => import("./Bands.vue") },
    { path: "/insight-rules", component: () => import("./InsightRules.vue") },
    { path: "/digest", component: () => import("./Digest.vue") },
    { path: "/resellers", component: () => import("./Resellers.vue") },
  ],
} satisfies Area;
