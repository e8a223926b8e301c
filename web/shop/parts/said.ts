import { nextTick, ref } from "vue";

/** What a screen reader is told of that happened elsewhere on the page. */
export const told = ref("");

export function say(text: string): void {
  // The same text twice is news twice.
  told.value = "";
  void nextTick(() => (told.value = text));
}
