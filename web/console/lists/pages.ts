import { ref, shallowRef, type Ref } from "vue";

import { sorting, type Sorting } from "./sorting";

export interface Page<Row> {
  items: Row[];
  next?: string | null;
  /** How many the API looked through for these, where it says so. */
  looked?: number;
}

export type Ask<Row> = (cursor: string | undefined, limit: number, signal: AbortSignal) => Promise<Page<Row>>;

export interface List<Row> extends Sorting<Row> {
  /** The question itself, for an export of all of it. */
  ask: Ask<Row>;
  rows: Ref<Row[]>;
  /** How many pages were turned; 0 is the first. */
  number: Ref<number>;
  more: Ref<boolean>;
  busy: Ref<boolean>;
  fault: Ref<unknown>;
  /** How many were looked through for this page; 0 where the API does not say. */
  looked: Ref<number>;
  /** Some of the page is there, and more is being looked for. */
  looking: Ref<boolean>;
  /** The page is not full, and there may be more for it: looking stopped here for now. */
  short: Ref<boolean>;
  /** From the first page on: filters have changed. */
  begin: () => Promise<void>;
  /** The same page again. */
  again: () => Promise<void>;
  forth: () => Promise<void>;
  back: () => Promise<void>;
  /** Looks further for the rows that a page is short of. */
  further: () => Promise<void>;
  /** Looks no further; what was found stays. */
  stop: () => void;
  limit: Ref<number>;
}

/** Answers that a page is put together from before somebody has to ask for more. */
const ANSWERS = 10;

/** A list that is read a page at a time by the API's cursor, however long it is. The API looks through so many at a
 * time and no more: where few fit, a page is put together from several answers. What comes late, after a newer question,
 * is dropped. Rows stay until the next ones are there, so that nothing flickers. */
export function pages<Row>(ask: Ask<Row>, size = 20): List<Row> {
  const rows = shallowRef<Row[]>([]);
  const number = ref(0);
  const more = ref(false);
  const busy = ref(false);
  const fault = ref<unknown>();
  const looked = ref(0);
  const looking = ref(false);
  const short = ref(false);
  const limit = ref(size);
  let cursors: (string | undefined)[] = [undefined];
  let running: AbortController | undefined;

  /** Fills a page on from what it `has` already. `still`: what is shown stays until all of it is there. */
  async function show(page: number, has: Row[] = [], from = cursors[page], { still = false, seen = 0 } = {}): Promise<void> {
    running?.abort();
    const mine = (running = new AbortController());
    let found = has;
    let cursor = from;
    busy.value = true;
    looking.value = false;
    try {
      for (let answers = 1; ; answers += 1) {
        const answer = await ask(cursor, limit.value - found.length, mine.signal);
        if (mine.signal.aborted) return;
        found = [...found, ...answer.items];
        cursor = answer.next ?? undefined;
        seen += answer.looked ?? 0;
        const over = !cursor || found.length >= limit.value || answers === ANSWERS;
        if (still && !over) continue;
        fault.value = undefined;
        rows.value = found;
        number.value = page;
        more.value = Boolean(cursor);
        looked.value = seen;
        short.value = more.value && found.length < limit.value;
        looking.value = !over;
        cursors = [...cursors.slice(0, page + 1), ...(cursor ? [cursor] : [])];
        if (over) return;
      }
    } catch (error) {
      if (!mine.signal.aborted) fault.value = error;
    } finally {
      if (!mine.signal.aborted) busy.value = looking.value = false;
    }
  }

  return {
    ...sorting(() => rows.value, { whole: () => number.value === 0 && !more.value }),
    ask,
    rows,
    number,
    more,
    busy,
    fault,
    looked,
    looking,
    short,
    limit,
    begin: () => {
      cursors = [undefined];
      return show(0);
    },
    again: () => show(number.value, [], cursors[number.value], { still: true }),
    // A press while filters are being applied finds no next page yet.
    forth: async () => {
      if (cursors[number.value + 1]) await show(number.value + 1);
    },
    back: () => show(Math.max(0, number.value - 1)),
    further: () => show(number.value, rows.value, cursors[number.value + 1], { seen: looked.value }),
    stop: () => {
      running?.abort();
      busy.value = looking.value = false;
    },
  };
}
