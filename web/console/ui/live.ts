import { onBeforeUnmount, onMounted } from "vue";

/** Asks again every so many seconds, one question at a time, and only while somebody can see the answer. */
export function live(again: () => Promise<unknown>, seconds: number, wanted: () => boolean = () => true): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;

  function plan(): void {
    clearTimeout(timer);
    if (!over && !document.hidden) timer = setTimeout(() => void run(), seconds * 1000);
  }
  async function run(): Promise<void> {
    try {
      if (wanted()) await again();
    } finally {
      plan();
    }
  }
  function seen(): void {
    if (document.hidden) clearTimeout(timer);
    else void run();
  }

  onMounted(() => {
    document.addEventListener("visibilitychange", seen);
    plan();
  });
  onBeforeUnmount(() => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
  });
}
