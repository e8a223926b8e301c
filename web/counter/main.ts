import { createApp } from "vue";

import { languages } from "@shared/i18n";

import App from "./App.vue";

const { i18n } = await languages([import.meta.glob("./locales/*.json")]);
createApp(App).use(i18n).mount("#app");
