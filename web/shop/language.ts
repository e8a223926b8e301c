import { computed, inject, type ComputedRef, type InjectionKey } from "vue";
import { useI18n } from "vue-i18n";

import type { Language } from "@shared/i18n";
import { money, type Money } from "@shared/money";

export const USE: InjectionKey<(language: Language) => Promise<void>> = Symbol("use");

/** What every component of the shop says things with. */
export function useWords() {
  const { t, te, locale } = useI18n();
  const language = computed(() => locale.value as Language) as ComputedRef<Language>;
  return {
    t,
    te,
    language,
    says: { t, te },
    price: (amount: Money) => money(amount, language.value),
    use: inject(USE, () => Promise.resolve()),
  };
}
