/** Looks again and again at something that changes elsewhere: never while nobody sees the page or it has no network,
 * at once when it is seen again, and ever more rarely while it cannot be reached. */
export interface Watch {
  /** Look now; what is under way is waited for. */
  look(): Promise<void>;
  stop(): void;
}

const LONGEST = 60;

/** `next` answers seconds until the next look, or null when there is none; `look` raises what went wrong. */
export function watch(look: () => Promise<void>, next: () => number | null, failed: (fault: unknown) => void): Watch {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let under: Promise<void> | undefined;
  let misses = 0;
  let stopped = false;

  function later(): void {
    clearTimeout(timer);
    const seconds = misses ? Math.min(LONGEST, 2 ** misses) : next();
    if (stopped || seconds === null || document.hidden || !navigator.onLine) return;
    timer = setTimeout(() => void now(), seconds * 1000);
  }

  function now(): Promise<void> {
    clearTimeout(timer);
    under ??= look()
      .then(
        () => {
          misses = 0;
        },
        (fault: unknown) => {
          misses += 1;
          if (!stopped) failed(fault);
        },
      )
      .finally(() => {
        under = undefined;
        later();
      });
    return under;
  }

  const seen = (): void => {
    if (document.hidden || stopped) clearTimeout(timer);
    else void now();
  };
  document.addEventListener("visibilitychange", seen);
  addEventListener("online", seen);

  return {
    look: now,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      removeEventListener("online", seen);
    },
  };
}
