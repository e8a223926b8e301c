import { onBeforeUnmount, onMounted } from "vue";

/** Looks again and again while the page is seen, and at once when somebody comes back to it. `look` says whether to go
 * on; `pause` is in seconds, by how many looks there were. */
export function useLooking(look: () => Promise<boolean>, pause: (looks: number) => number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looks = 0;
  let busy = false;
  let over = false;

  async function now(): Promise<void> {
    clearTimeout(timer);
    if (busy || over) return;
    busy = true;
    try {
      over = !(await look());
    } finally {
      busy = false;
    }
    if (!over && document.visibilityState === "visible") timer = setTimeout(() => void now(), pause(looks++) * 1000);
  }

  function seen(): void {
    if (document.visibilityState !== "visible") return;
    looks = 0;
    void now();
  }

  onMounted(() => {
    document.addEventListener("visibilitychange", seen);
    addEventListener("pageshow", seen);
    void now();
  });
  onBeforeUnmount(() => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
    removeEventListener("pageshow", seen);
  });

  return {
    now,
    /** Somebody did something: look often again. */
    soon(): void {
      looks = 0;
      void now();
    },
  };
}
