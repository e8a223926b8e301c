/** Between names that were typed or pasted together. */
const SEPARATOR = /[,，、;；\s]+/;

/** What was typed into a select's own input and left there, which the select itself forgets without a word. */
export function leftIn(event: FocusEvent): string {
  return event.target instanceof HTMLInputElement ? event.target.value.trim() : "";
}

/** Names, each once, in the order in which they came. One that is known is one, whatever is in it. */
export function names(texts: readonly string[], known: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => (known.includes(text) ? text : text.split(SEPARATOR))).filter(Boolean))];
}
