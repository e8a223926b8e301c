/** How the shop can be reached: what its settings name, as a link of a kind that a page may open. */
export function helpLink(help: string | null, order: string | null): string | null {
  if (!help || !URL.canParse(help)) return null;
  const url = new URL(help);
  if (url.protocol === "mailto:" && order && !url.searchParams.has("subject")) return `${help}${url.search ? "&" : "?"}subject=${order}`;
  return ["https:", "mailto:", "tel:"].includes(url.protocol) ? help : null;
}
