/** Edges of bands as somebody writes them: rising numbers with commas between; null where they are not. */
export function edgesOf(text: string): number[] | null {
  const parts = text.split(/[,，、\s]+/).filter(Boolean);
  const numbers = parts.map(Number);
  const rises = numbers.every((one, index) => Number.isInteger(one) && one >= 0 && (index === 0 || one > (numbers[index - 1] ?? 0)));
  return rises ? numbers : null;
}
