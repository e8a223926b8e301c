import { reactive, watch } from "vue";
import { useRoute, useRouter } from "vue-router";

/** Filters that stand in the address, so that a reload, the way back and a shared link show the same list. Names and ids
 * only: an address is kept in histories, so nothing personal goes in. Only what is not usual stands there. */
export function filters<Names extends string>(defaults: Record<Names, string>, changed: () => void): Record<Names, string> {
  const route = useRoute();
  const router = useRouter();
  const path = route.path;
  const names = Object.keys(defaults) as Names[];
  const here = (): Record<Names, string> =>
    Object.fromEntries(names.map((name) => [name, one(route.query[name]) ?? defaults[name]])) as Record<Names, string>;
  const values = reactive(here()) as Record<Names, string>;

  watch(
    () => names.map((name) => values[name]),
    () => {
      const others = Object.entries(route.query).filter(([name]) => !names.includes(name as Names));
      const said = names.filter((name) => values[name] !== defaults[name]).map((name) => [name, values[name]]);
      const query = Object.fromEntries([...others, ...said]);
      void router.replace({ query });
      changed();
    },
  );
  // Somebody followed a link to the same list with other filters, or went back. A page that is left reads nothing more.
  watch(
    () => route.query,
    () => {
      if (route.path === path) Object.assign(values, here());
    },
  );
  return values;
}

/** As the API wants what is left open: not there at all. */
export function given(value: string): string | undefined {
  return value.trim() || undefined;
}

function one(value: unknown): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return typeof text === "string" ? text : undefined;
}
