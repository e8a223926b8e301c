import type { Area } from "../../areas";

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [
    { path: "/channels", name: "channels", group: "shop", order: 10, roles: ["operator"] },
    { path: "/keys", name: "keys", group: "shop", order: 11, roles: ["operator"] },
    { path: "/stores", name: "stores", group: "shop", order: 12, roles: ["operator"] },
  ],
  routes: [
    { path: "/channels", component: () => import("./Channels.vue") },
    { path: "/channels/:id", component: () => import("./ChannelPage.vue"), props: true },
    { path: "/keys", component: () => import("./StaffKeys.vue") },
    { path: "/stores", component: () => import("./Stores.vue") },
  ],
} satisfies Area;
