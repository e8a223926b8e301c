/** Keeps the screen on until the answer is called, where a browser can; asked anew whenever the page is seen again. */
export function awake(): () => void {
  let lock: { release(): Promise<void> } | undefined;
  let over = false;
  async function hold(): Promise<void> {
    if (over || document.hidden) return;
    try {
      lock = await navigator.wakeLock?.request("screen");
      if (over) await lock?.release();
    } catch {
      // A phone that saves its battery may refuse.
    }
  }
  const seen = (): void => void hold();
  document.addEventListener("visibilitychange", seen);
  void hold();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", seen);
    void lock?.release().catch(() => undefined);
  };
}
