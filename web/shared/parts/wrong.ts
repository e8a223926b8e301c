/** Brings whoever tried to go on to the first thing that keeps them from it. */
export function firstWrong(within: ParentNode | undefined | null): void {
  const found = within?.querySelector<HTMLElement>("[aria-invalid=true]");
  found?.focus({ preventScroll: true });
  found?.scrollIntoView({ block: "center" });
}
