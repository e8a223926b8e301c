/** Looks again and again at something that changes elsewhere: never while nobody sees the page or it has no network,
 * at once when it is seen again, and ever more rarely while it cannot be reached. */
export interface Watch {
  /** Look now; what is under way is waited for. */
  look(): Promise<void>;
  /** Somebody did something: look now, and as often again as at first. */
  soon(): Promise<void>;
  stop(): void;
}

const LONGEST = 60;

/** `next` answers seconds until the next look, or null when there is none, by how many there were since somebody came or
 * did something; `look` raises what went wrong. */
export function watch(look: () => Promise<void>, next: (looks: number) => number | null, failed: (fault: unknown) => void): Watch {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let under: Promise<void> | undefined;
  let misses = 0;
  let looks = 0;
  let stopped = false;

  function later(): void {
    clearTimeout(timer);
    const seconds = misses ? Math.min(LONGEST, 2 ** misses) : next(looks++);
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

  function soon(): Promise<void> {
    looks = 0;
    return now();
  }

  const seen = (): void => {
    if (document.hidden || stopped) clearTimeout(timer);
    else void soon();
  };
  // A page that the browser kept, and somebody came back to.
  const kept = ({ persisted }: PageTransitionEvent): void => {
    if (persisted) seen();
  };
  document.addEventListener("visibilitychange", seen);
  addEventListener("online", seen);
  addEventListener("pageshow", kept);

  return {
    look: now,
    soon,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      removeEventListener("online", seen);
      removeEventListener("pageshow", kept);
    },
  };
}
