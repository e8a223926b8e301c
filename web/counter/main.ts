import "@shared/parts/phone.css";
import "./counter.css";

import { createApp } from "vue";

import { followColours } from "@shared/dark";
import { languages } from "@shared/i18n";

import App from "./App.vue";

followColours();
const { i18n, use } = await languages([import.meta.glob("./locales/*.json")]);
createApp(App, { use }).use(i18n).mount("#app");
