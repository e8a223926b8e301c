import type { ComposerTranslation } from "vue-i18n";

/** What a fact of the risk rules means, in the reader's language. Most names are made of three parts, whom, what is
 * counted and in which window, so that a few words say hundreds of them; the API's own sentence where there are none. */
export function meaning(name: string, about: string, { t, te }: { t: ComposerTranslation; te: (key: string) => boolean }): string {
  const whole = `known.fact.${name.replaceAll(".", "_")}`;
  if (te(whole)) return t(whole);
  const [whom = "", rest = ""] = name.split(".");
  if (!te(`known.whom.${whom}`)) return about;
  const who = t(`known.whom.${whom}`);
  const counted = /^(.+)_(10m|1h|1d|7d|30d)$/.exec(rest);
  if (counted && te(`known.counted.${counted[1]}`)) return t("known.in", { who, what: t(`known.counted.${counted[1]}`), span: t(`known.span.${counted[2]}`) });
  return te(`known.counted.${rest}`) ? t("known.of", { who, what: t(`known.counted.${rest}`) }) : about;
}
