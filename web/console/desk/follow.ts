import { onMounted, onUnmounted } from "vue";

/** Asks again every few seconds while something is under way, as long as somebody looks. */
export function follow(again: () => Promise<unknown>, underWay: () => boolean, every = 4000): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let gone = false;
  const next = (): void => {
    timer = setTimeout(() => void look(), every);
  };
  async function look(): Promise<void> {
    if (!document.hidden && underWay()) await again();
    if (!gone) next();
  }
  onMounted(next);
  onUnmounted(() => {
    gone = true;
    clearTimeout(timer);
  });
}
