import { reactive, watch } from "vue";
import { useRoute, useRouter } from "vue-router";

/** A list's filters, which stand in the address: a page that is sent to a colleague, or gone back to, is the same. So no
 * filter is about a person; those are asked in a body and stay in the page. */
export function filters<Name extends string>(usual: Record<Name, string>, onChange: () => void): Record<Name, string> {
  const route = useRoute();
  const router = useRouter();
  const here = route.path;
  const names = Object.keys(usual) as Name[];
  const values = reactive({ ...usual }) as Record<Name, string>;
  const read = (): void => {
    for (const name of names) values[name] = text(route.query[name]) ?? usual[name];
  };
  read();
  watch(values, () => {
    void router.replace({ query: { ...others(route.query, names), ...asked(values, usual) } });
    onChange();
  });
  // Back, and a link to this very page with other filters. The page that is left reads nothing any more.
  watch(
    () => route.query,
    () => {
      if (route.path === here) read();
    },
  );
  return values;
}

/** Only what is not usual is told. */
export function asked(values: Record<string, string>, usual: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== usual[name]));
}

/** As the API wants what is left open: not there at all. */
export function given(value: string): string | undefined {
  return value.trim() || undefined;
}

function others(query: Record<string, unknown>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).filter((pair): pair is [string, string] => !names.includes(pair[0]) && typeof pair[1] === "string"),
  );
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
