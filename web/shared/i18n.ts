import { createI18n } from "vue-i18n";

export const LANGUAGES = ["zh-CN", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
export const NAMES: Record<Language, string> = { "zh-CN": "简体中文", en: "English" };

type Texts = Record<string, unknown>;
/** The parts that a page's texts come in, by language: `import.meta.glob("./locales/*.json")` gives one. */
export type Parts = Record<string, () => Promise<unknown>>;

const SHARED: Parts = import.meta.glob("./locales/*.json");

/** `?lang=` first, then what the reader chose on this visit, then the browser's, then Chinese. */
export function preferred(): Language {
  const asked = new URLSearchParams(location.search).get("lang") ?? sessionStorage.getItem("language");
  for (const one of [asked, ...navigator.languages]) {
    if (!one) continue;
    if (one.toLowerCase().startsWith("zh")) return "zh-CN";
    if (one.toLowerCase().startsWith("en")) return "en";
  }
  return "zh-CN";
}

/** Only the language that is read is loaded. `onUse` lets a component library follow. */
export async function languages(
  parts: Parts[],
  onUse: (language: Language) => Promise<void> | void = () => undefined,
) {
  const i18n = createI18n({ legacy: false, locale: "zh-CN", fallbackLocale: "zh-CN", missingWarn: false, messages: {} });
  const use = async (language: Language): Promise<void> => {
    const loaded = await Promise.all(
      [SHARED, ...parts].map(async (part) => {
        const load = part[`./locales/${language}.json`];
        return load ? ((await load()) as { default: Texts }).default : {};
      }),
    );
    for (const texts of loaded) i18n.global.mergeLocaleMessage(language, texts);
    await onUse(language);
    i18n.global.locale.value = language;
    document.documentElement.lang = language;
    sessionStorage.setItem("language", language);
  };
  await use(preferred());
  return { i18n, use };
}
