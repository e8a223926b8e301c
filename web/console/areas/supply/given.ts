/** Cards as they are pasted: a line each, number and PIN with a space, comma or tab between. */
export function cardsOf(text: string): { number: string; pin?: string }[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim().split(/[\s,，;；|]+/))
    .filter(([number]) => number)
    .map(([number = "", pin]) => (pin ? { number, pin } : { number }));
}
