/** Whether the text is on the clipboard now. The second way is for browsers within apps, which know only that. */
export async function copied(text: string, near: Element = document.body): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return selected(text, near);
  }
}

/** `near`: within a dialog nothing outside of it can be selected. */
function selected(text: string, near: Element): boolean {
  const box = document.createElement("textarea");
  box.value = text;
  box.readOnly = true;
  box.className = "off-screen";
  (near.closest("dialog") ?? document.body).append(box);
  box.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    box.remove();
  }
}
