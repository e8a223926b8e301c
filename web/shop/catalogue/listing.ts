import { computed, ref, shallowRef } from "vue";

/** One page of a list that goes on with `next`. A page may be empty and still have one. */
export interface PageOf<T> {
  items: T[];
  next: string | null;
}

/** Pages asked for in a row before somebody is shown that a list looks empty: those with nothing in them. */
const EMPTY_PAGES = 5;

/** A list that grows page by page. An answer to a question that nobody asks any more is dropped. */
export function listing<T extends { id: string }>(ask: (cursor: string | null, signal: AbortSignal) => Promise<PageOf<T>>) {
  const items = shallowRef<T[]>([]);
  const next = ref<string | null>(null);
  const started = ref(false);
  const busy = ref(false);
  const fault = shallowRef<unknown>(null);
  let asking: AbortController | undefined;

  async function read(fresh: boolean): Promise<void> {
    asking?.abort();
    const mine = (asking = new AbortController());
    busy.value = true;
    fault.value = null;
    try {
      let cursor = fresh ? null : next.value;
      for (let pages = 0; pages < EMPTY_PAGES; pages++) {
        const page = await ask(cursor, mine.signal);
        if (mine.signal.aborted) return;
        const before = fresh && pages === 0 ? [] : items.value;
        const known = new Set(before.map((one) => one.id));
        items.value = [...before, ...page.items.filter((one) => !known.has(one.id))];
        next.value = cursor = page.next;
        if (page.items.length || cursor === null) break;
      }
      started.value = true;
    } catch (error) {
      if (mine.signal.aborted) return;
      fault.value = error;
      if (fresh) {
        items.value = [];
        next.value = null;
      }
    } finally {
      if (asking === mine) busy.value = false;
    }
  }

  return {
    items,
    busy,
    fault,
    /** Everything is there. */
    ended: computed(() => started.value && next.value === null),
    /** There is nothing at all: not while it is still being looked for. */
    empty: computed(() => started.value && !busy.value && !fault.value && next.value === null && !items.value.length),
    /** What is shown now belongs to an older question. */
    renewing: computed(() => busy.value && !started.value),
    async renew(): Promise<void> {
      started.value = false;
      await read(true);
    },
    async more(): Promise<void> {
      if (busy.value || (started.value && next.value === null)) return;
      await read(!started.value);
    },
  };
}
