import "vant/es/button/style/index";
import "@shared/parts/phone.css";
import "./styles.css";

import { createApp, shallowRef } from "vue";

import { ACCOUNT_TEXTS } from "@shared/accounts/texts";
import { config } from "@shared/config";
import { followColours } from "@shared/dark";
import { languages } from "@shared/i18n";

import App from "./App.vue";
import { hearPayer } from "./pay/tokens";
import { makeRouter } from "./router";
import { USE } from "./language";
import { open } from "./session";
import { begin } from "./visits";

const UTM = ["utm_source", "utm_medium", "utm_campaign"];

/** Who pays stands behind the `#` for as short as can be: before anything is waited for. */
if (hearPayer(location.hash)) history.replaceState(history.state, "", location.pathname + location.search);

/** An address is copied, shared and kept in a history: what only tells where somebody came from, or in which language
 * they read, is taken off it once that was heard. */
function cleanAddress(): URL {
  const address = new URL(location.href);
  const clean = new URL(address);
  for (const name of [...UTM, "lang"]) clean.searchParams.delete(name);
  if (clean.href !== address.href) history.replaceState(history.state, "", clean);
  return address;
}

followColours();
const { i18n, use } = await languages([import.meta.glob("./locales/*.json"), ACCOUNT_TEXTS]);
const arrived = cleanAddress();
const fault = shallowRef<unknown>(null);
try {
  open(await config());
} catch (error) {
  fault.value = error;
}
createApp(App, { fault: fault.value }).use(i18n).use(makeRouter()).provide(USE, use).mount("#app");

if (!fault.value) await begin(arrived, document.referrer);
