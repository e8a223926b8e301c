import "@shared/parts/phone.css";
import "./claim.css";

import { createApp } from "vue";

import { ACCOUNT_TEXTS } from "@shared/accounts/texts";
import { followColours } from "@shared/dark";
import { languages } from "@shared/i18n";

import App from "./App.vue";
import { enter } from "./door/address";

// First of all, so that the token is in the address for as short as can be.
const entered = enter();
followColours();
const { i18n, use } = await languages([import.meta.glob("./locales/*.json"), ACCOUNT_TEXTS]);
createApp(App, { entered: await entered, use }).use(i18n).mount("#app");
