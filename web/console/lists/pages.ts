import { ref, shallowRef, type Ref } from "vue";

export interface Page<Row> {
  items: Row[];
  next?: string | null;
}

export type Ask<Row> = (cursor: string | undefined, limit: number, signal: AbortSignal) => Promise<Page<Row>>;

export interface List<Row> {
  rows: Ref<Row[]>;
  /** How many pages were turned; 0 is the first. */
  number: Ref<number>;
  more: Ref<boolean>;
  busy: Ref<boolean>;
  fault: Ref<unknown>;
  /** From the first page on: filters have changed. */
  begin: () => Promise<void>;
  /** The same page again. */
  again: () => Promise<void>;
  forth: () => Promise<void>;
  back: () => Promise<void>;
  limit: Ref<number>;
}

/** A list that is read a page at a time by the API's cursor, however long it is. What comes late, after a newer
 * question, is dropped. Rows stay until the next ones are there, so that nothing flickers. */
export function pages<Row>(ask: Ask<Row>, size = 20): List<Row> {
  const rows = shallowRef<Row[]>([]);
  const number = ref(0);
  const more = ref(false);
  const busy = ref(false);
  const fault = ref<unknown>();
  const limit = ref(size);
  let cursors: (string | undefined)[] = [undefined];
  let running: AbortController | undefined;

  async function show(page: number): Promise<void> {
    running?.abort();
    const mine = (running = new AbortController());
    busy.value = true;
    fault.value = undefined;
    try {
      const answer = await ask(cursors[page], limit.value, mine.signal);
      if (mine.signal.aborted) return;
      rows.value = answer.items;
      number.value = page;
      more.value = Boolean(answer.next);
      cursors = cursors.slice(0, page + 1);
      if (answer.next) cursors.push(answer.next);
    } catch (error) {
      if (!mine.signal.aborted) fault.value = error;
    } finally {
      if (!mine.signal.aborted) busy.value = false;
    }
  }

  return {
    rows,
    number,
    more,
    busy,
    fault,
    limit,
    begin: () => {
      cursors = [undefined];
      return show(0);
    },
    again: () => show(number.value),
    forth: () => show(number.value + 1),
    back: () => show(Math.max(0, number.value - 1)),
  };
}

/** Every page, one after the other, up to `most` rows: for an export. `onRows` is told how many there are so far. */
export async function* whole<Row>(ask: Ask<Row>, most: number, signal: AbortSignal): AsyncGenerator<Row[]> {
  let cursor: string | undefined;
  for (let count = 0; count < most; ) {
    const answer = await ask(cursor, 100, signal);
    yield answer.items;
    count += answer.items.length;
    if (!answer.next) return;
    cursor = answer.next;
  }
}
