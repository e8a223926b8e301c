import { createRouter, createWebHistory } from "vue-router";

/** Each page comes when it is opened. The address is read now: it must be clean before. */
export const makeRouter = () => createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/", name: "home", component: () => import("./pages/Home.vue"), meta: { tab: true } },
    { path: "/p/:id", name: "product", component: () => import("./pages/Product.vue") },
    { path: "/basket", name: "basket", component: () => import("./pages/Basket.vue"), meta: { tab: true } },
    { path: "/checkout", name: "checkout", component: () => import("./pages/Checkout.vue") },
    { path: "/pay/return", name: "returned", component: () => import("./pages/Pay.vue") },
    { path: "/pay/:order", name: "pay", component: () => import("./pages/Pay.vue") },
    { path: "/orders", name: "orders", component: () => import("./pages/Orders.vue"), meta: { tab: true } },
    { path: "/about/returns", name: "returns", component: () => import("./pages/Returns.vue") },
    { path: "/:rest(.*)*", name: "nowhere", component: () => import("./pages/Nowhere.vue") },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? {} : { top: 0 }),
});
