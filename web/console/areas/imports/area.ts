import type { Area } from "../../areas";

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [{ path: "/imports", name: "imports", group: "stock", order: 12, roles: ["operator"] }],
  routes: [
    { path: "/imports", component: () => import("./Imports.vue") },
    { path: "/imports/new", component: () => import("./NewImport.vue") },
    { path: "/imports/:id", component: () => import("./ImportPage.vue"), props: true },
  ],
} satisfies Area;
