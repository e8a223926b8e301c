/** RFC 3339 UTC as the reader's own clock shows it. */
export function moment(at: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

export function day(at: string, language: string): string {
  const alone = /^\d{4}-\d\d-\d\d$/.test(at);
  const format: Intl.DateTimeFormatOptions = { dateStyle: "medium", ...(alone ? { timeZone: "UTC" } : {}) };
  return new Intl.DateTimeFormat(language, format).format(new Date(at));
}

/** `2:05` of so many seconds. */
export function countdown(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}
