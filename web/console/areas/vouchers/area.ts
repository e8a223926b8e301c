import type { Area } from "../../areas";

const STAFF = ["operator", "support"] as const;

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [
    { path: "/vouchers", name: "vouchers", group: "sell", order: 20, roles: STAFF },
    { path: "/voucher-series", name: "series", group: "sell", order: 30, roles: STAFF },
    { path: "/redemptions", name: "redemptions", group: "sell", order: 40, roles: ["operator"] },
    { path: "/issuers", name: "issuers", group: "sell", order: 50, roles: ["operator"] },
  ],
  routes: [
    { path: "/vouchers", component: () => import("./Vouchers.vue") },
    { path: "/vouchers/:id", component: () => import("./Voucher.vue"), props: true },
    { path: "/voucher-series", component: () => import("./SeriesList.vue") },
    // One series' own page has routes that the operator's key alone may call.
    { path: "/voucher-series/:id", component: () => import("./Series.vue"), props: true, meta: { roles: ["operator"] } },
    { path: "/redemptions", component: () => import("./Redemptions.vue") },
    { path: "/issuers", component: () => import("./Issuers.vue") },
  ],
} satisfies Area;
