const KEPT_MS = 10_000;

/** Gives the reader a file that was made in the page. Its address is only this page's, and soon nobody's. */
export function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
