import "vant/es/button/style/index";
import "./styles.css";

import { createApp, shallowRef } from "vue";

import { config } from "@shared/config";
import { languages } from "@shared/i18n";

import App from "./App.vue";
import { hearPayer } from "./pay/tokens";
import { makeRouter } from "./router";
import { USE } from "./language";
import { open } from "./session";
import { begin } from "./visits";

const UTM = ["utm_source", "utm_medium", "utm_campaign"];

/** An address is copied, shared and kept in a history: what only tells where somebody came from, or who pays, is taken
 * off it before anything else happens. */
function cleanAddress(): URL {
  const address = new URL(location.href);
  const clean = new URL(address);
  for (const name of [...UTM, "lang"]) clean.searchParams.delete(name);
  if (hearPayer(clean.hash)) clean.hash = "";
  if (clean.href !== address.href) history.replaceState(history.state, "", clean);
  return address;
}

const { i18n, use } = await languages([import.meta.glob("./locales/*.json")]);
const arrived = cleanAddress();
const fault = shallowRef<unknown>(null);
try {
  open(await config());
} catch (error) {
  fault.value = error;
}
createApp(App, { fault: fault.value }).use(i18n).use(makeRouter()).provide(USE, use).mount("#app");

if (!fault.value) await begin(arrived, document.referrer);
