/** Numbers of reports for people: shares are basis points, amounts minor units. */

export function share(points: number | null | undefined, language: string): string {
  if (points === null || points === undefined) return "-";
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format(points / 10_000);
}

export function whole(number: number | null | undefined, language: string): string {
  return number === null || number === undefined ? "-" : new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(number);
}

/** How much more than before, signed: what a tile says below its number. */
export function change(points: number | null | undefined, language: string): string {
  if (points === null || points === undefined) return "";
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(points / 10_000);
}

/** `8 s`, `2.5 min`, `3 h`, `2 d`, in the reader's words. */
export function lasting(seconds: number | null | undefined, language: string): string {
  if (seconds === null || seconds === undefined) return "-";
  const [size, unit] = seconds < 120 ? [1, "second"] : seconds < 7200 ? [60, "minute"] : seconds < 172_800 ? [3600, "hour"] : [86_400, "day"];
  return new Intl.NumberFormat(language, { style: "unit", unit: unit as string, unitDisplay: "short", maximumFractionDigits: 1 }).format(
    seconds / (size as number),
  );
}
