import { shallowRef } from "vue";
import type { Language as ElementTexts } from "element-plus/es/locale";

import type { Language } from "@shared/i18n";

/** Element Plus's own texts in the language that is read. */
export const elementTexts = shallowRef<ElementTexts>();

export async function elementLanguage(language: Language): Promise<void> {
  const texts =
    language === "en"
      ? await import("element-plus/es/locale/lang/en.mjs")
      : await import("element-plus/es/locale/lang/zh-cn.mjs");
  elementTexts.value = texts.default as ElementTexts;
}
