/** A way to pay as its provider calls it; its own name where nobody has put it in words yet. */
export function wayOf(provider: string, method: string, { t, te }: { t: (key: string) => string; te: (key: string) => boolean }): string {
  const key = `settings.way.${provider}_${method}`;
  return te(key) ? t(key) : method;
}
