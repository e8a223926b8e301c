/** A merchant's text in the language that is read, else in the first there is: as the API's own `said`. */
export function said(texts: Partial<Record<string, string>> | null | undefined, language: string): string {
  if (!texts) return "";
  return texts[language] || Object.values(texts).find(Boolean) || "";
}

/** Without the languages in which nothing was written. */
export function written(texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).flatMap(([language, text]) => (text.trim() ? [[language, text.trim()]] : [])));
}
