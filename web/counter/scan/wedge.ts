/** A scanner that types: keys in quick succession, then Enter, wherever the focus is. What somebody types into a field
 * is theirs. */
const QUICK_MS = 60;
const LEAST = 6;

export function wedge(scanned: (text: string) => void): () => void {
  let text = "";
  let last = 0;
  function key(event: KeyboardEvent): void {
    const at = event.timeStamp;
    if (at - last > QUICK_MS) text = "";
    last = at;
    const inField = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (inField || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Enter") {
      if (text.length < LEAST) return;
      // A button that has the focus must not take it for a press.
      event.preventDefault();
      const whole = text;
      text = "";
      scanned(whole);
    } else if (event.key.length === 1) text += event.key;
  }
  addEventListener("keydown", key, true);
  return () => removeEventListener("keydown", key, true);
}
