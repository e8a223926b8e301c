import { fileURLToPath } from "node:url";

import VueI18n from "@intlify/unplugin-vue-i18n/vite";
import { VantResolver } from "@vant/auto-import-resolver";
import vue from "@vitejs/plugin-vue";
import Components from "unplugin-vue-components/vite";
import { ElementPlusResolver } from "unplugin-vue-components/resolvers";
import { defineConfig } from "vite";

import { vantIcons } from "./icons.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** One build for all pages: what is in `dist` is what lies behind the shop's address. */
export default defineConfig({
  resolve: { alias: { "@shared": here("./shared") } },
  plugins: [
    vue(),
    vantIcons(),
    // Texts are compiled here, so that pages need neither a compiler nor `eval`.
    VueI18n({ include: [here("./*/locales/**"), here("./shared/*/locales/**"), here("./console/*/locales/**"), here("./console/areas/*/locales/**")], runtimeOnly: true, strictMessage: true }),
    Components({ dirs: [], dts: false, resolvers: [VantResolver(), ElementPlusResolver({ importStyle: "css" })] }),
  ],
  // `npx vite` while `make run` is running: pages as they are edited, all else from the shop's own edge.
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(["/v1/", "/api/v1/", "/config.json"].map((path) => [path, process.env["EDGE"] ?? "http://127.0.0.1:8080"])),
  },
  build: {
    target: "es2022",
    // Hidden, so that it is not deployed.
    manifest: true,
    // A data: URL would need a wider policy than files do.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        shop: here("./index.html"),
        claim: here("./claim/index.html"),
        counter: here("./counter/index.html"),
        console: here("./console/index.html"),
      },
    },
  },
  // One page for all files of a worker: each of its own takes a second.
  test: {
    environment: "jsdom",
    isolate: false,
    include: ["*/**/*.test.ts"],
    // Node alone cannot load the styles that these bring along.
    server: { deps: { inline: [/\/(vant|element-plus)\/.*(\/style\/|\.css$)/] } },
  },
} as Parameters<typeof defineConfig>[0]);
