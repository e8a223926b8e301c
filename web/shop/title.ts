import { onActivated, onDeactivated, ref, watchEffect } from "vue";

import { shop } from "./session";
import { useWords } from "./language";

/** What a tab, a bookmark and a shared link say of a page: never whose order it is. */
export function useTitle(page: () => string, about: () => string = () => ""): void {
  const { language } = useWords();
  // A page that is kept while others are open has nothing to say.
  const open = ref(true);
  onActivated(() => (open.value = true));
  onDeactivated(() => (open.value = false));
  watchEffect(() => {
    if (!open.value) return;
    const name = shopName(language.value);
    const title = page();
    document.title = title ? `${title} · ${name}` : name;
    tag("description", about());
    tag("og:title", title || name, "property");
    tag("og:description", about(), "property");
  });
}

export function shopName(language: string): string {
  const { title } = shop().shop;
  return title[language] ?? Object.values(title)[0] ?? "";
}

function tag(name: string, content: string, by: "name" | "property" = "name"): void {
  let found = document.head.querySelector<HTMLMetaElement>(`meta[${by}="${name}"]`);
  if (!found) {
    found = document.createElement("meta");
    found.setAttribute(by, name);
    document.head.append(found);
  }
  found.content = content;
}
