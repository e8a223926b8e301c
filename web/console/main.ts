import { createApp } from "vue";

import "element-plus/theme-chalk/base.css";
import "element-plus/theme-chalk/dark/css-vars.css";
import "./console.css";

import { languages } from "@shared/i18n";

import App from "./App.vue";
import { learn } from "./desk/days";
import { DESK } from "./desk/texts";
import { elementLanguage } from "./frame/element";
import { consoleRouter } from "./router";

// Nothing that goes by it is asked for before somebody has signed in.
void learn().catch(() => undefined);
const { i18n, use, add } = await languages([import.meta.glob("./locales/*.json"), DESK], elementLanguage);
createApp(App).use(i18n).use(consoleRouter(add)).provide("useLanguage", use).mount("#app");
