import { useI18n } from "vue-i18n";

import { money, type Money } from "@shared/money";
import { moment } from "@shared/time";

import { said } from "../ui/said";

/** Money, moments and the API's words in the language that is read. */
export function words() {
  const { t, te, locale } = useI18n();
  return {
    t,
    te,
    locale,
    sum: (value: Money | null | undefined): string => (value ? money(value, locale.value) : "–"),
    minor: (amount: number, currency: string): string => money({ amount, currency }, locale.value),
    at: (value: string | null | undefined): string => (value ? moment(value, locale.value) : "–"),
    /** A title in the reader's language, or any that there is. */
    titled: (titles: Record<string, string>, instead = ""): string => said(titles, locale.value) || instead,
    /** `word.<kind>.<value>`, or the value itself where nobody has named it yet. */
    word: (kind: string, value: string): string => (te(`word.${kind}.${value}`) ? t(`word.${kind}.${value}`) : value),
    /** Who did it: a role and the end of their key, `system`, or the buyer. */
    who: (by: string): string => {
      const [role = "", key = ""] = by.split(":");
      const name = [`word.by.${role}`, `word.provider.${role}`].find((one) => te(one));
      // A buyer is known by their order, which stands beside it.
      return key && role !== "order" ? `${name ? t(name) : role} ${key.slice(0, 6)}` : name ? t(name) : role;
    },
  };
}
