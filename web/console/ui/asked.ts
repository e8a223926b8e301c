import { ref, shallowRef, type Ref } from "vue";

/** An answer that a page shows: kept while it is asked for again, so that nothing flickers. */
export function asked<T>(ask: () => Promise<T>): {
  value: Ref<T | undefined>;
  fault: Ref<unknown>;
  busy: Ref<boolean>;
  again: () => Promise<void>;
} {
  const value = shallowRef<T>();
  const fault = ref<unknown>();
  const busy = ref(false);
  let newest = 0;
  async function again(): Promise<void> {
    const mine = ++newest;
    busy.value = true;
    try {
      const answer = await ask();
      if (mine !== newest) return;
      value.value = answer;
      fault.value = undefined;
    } catch (error) {
      if (mine === newest) fault.value = error;
    } finally {
      if (mine === newest) busy.value = false;
    }
  }
  return { value, fault, busy, again };
}
