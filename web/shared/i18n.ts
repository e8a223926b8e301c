import { createI18n } from "vue-i18n";

export const LANGUAGES = ["zh-CN", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
export const NAMES: Record<Language, string> = { "zh-CN": "简体中文", en: "English" };

type Texts = Record<string, unknown>;
/** Texts by language: what `import.meta.glob("./locales/*.json")` gives. */
export type Parts = Record<string, () => Promise<unknown>>;

const SHARED: Parts = import.meta.glob("./locales/*.json");

/** `?lang=` first, then what the reader chose on this visit, then the browser's, then Chinese. */
export function preferred(): Language {
  const asked = new URLSearchParams(location.search).get("lang") ?? sessionStorage.getItem("language");
  for (const one of [asked, ...navigator.languages]) {
    if (one?.toLowerCase().startsWith("zh")) return "zh-CN";
    if (one?.toLowerCase().startsWith("en")) return "en";
  }
  return "zh-CN";
}

/** Only the language that is read is loaded. `onUse` lets a component library follow. `add` brings further texts. */
export async function languages(parts: Parts[], onUse: (language: Language) => Promise<void> | void = () => undefined) {
  const i18n = createI18n({ legacy: false, locale: "zh-CN", fallbackLocale: "zh-CN", missingWarn: false, messages: {} });
  const known = new Set<Parts>();
  const loaded = new Set<() => Promise<unknown>>();
  const load = async (language: Language, of: Iterable<Parts>): Promise<void> => {
    const files = [...of].flatMap((part) => part[`./locales/${language}.json`] ?? []).filter((file) => !loaded.has(file));
    // Loaded together, but merged in their order: an app's own words stand in place of the shared ones.
    const read = await Promise.all(files.map(async (file) => ({ file, texts: ((await file()) as { default: Texts }).default })));
    for (const { file, texts } of read) {
      i18n.global.mergeLocaleMessage(language, texts);
      loaded.add(file);
    }
  };
  const use = async (language: Language): Promise<void> => {
    await Promise.all([load(language, known), onUse(language)]);
    i18n.global.locale.value = language;
    document.documentElement.lang = language;
    sessionStorage.setItem("language", language);
  };
  const add = async (more: Parts): Promise<void> => {
    known.add(more);
    await load(i18n.global.locale.value as Language, [more]);
  };
  for (const part of [SHARED, ...parts]) known.add(part);
  await use(preferred());
  return { i18n, use, add };
}
