import type { Area } from "../../areas";

export default {
  texts: import.meta.glob("./locales/*.json"),
  places: [
    { path: "/products", name: "products", group: "stock", order: 10, roles: ["operator"] },
    { path: "/categories", name: "categories", group: "stock", order: 11, roles: ["operator"] },
  ],
  routes: [
    { path: "/products", component: () => import("./Products.vue") },
    { path: "/products/new", component: () => import("./ProductPage.vue") },
    { path: "/products/:id", component: () => import("./ProductPage.vue"), props: true },
    { path: "/categories", component: () => import("./Categories.vue") },
  ],
} satisfies Area;
