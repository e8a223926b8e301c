import { ref, shallowRef } from "vue";
import { useI18n } from "vue-i18n";

import { idempotencyKey } from "@shared/api/client";
import { Problem } from "@shared/api/problem";
import { told } from "@shared/trouble";

/** Something that a buyer asks the shop for after the sale. It goes by one key until it is answered, so that a lost answer
 * is asked for again and nothing twice. `words` is the text whose `refused.<reason>` tell its own refusals. */
export function asking(words: string, ask: (key: string) => Promise<void>) {
  const says = useI18n();
  const busy = ref(false);
  const fault = shallowRef<unknown>(null);
  let key = idempotencyKey();

  function wording(what: unknown): string {
    const why = what instanceof Problem ? `${words}.refused.${String(what.extra["reason"])}` : "";
    return says.te(why) ? says.t(why) : told(what, says);
  }

  async function send(): Promise<void> {
    busy.value = true;
    fault.value = null;
    try {
      await ask(key);
    } catch (what) {
      fault.value = what;
    } finally {
      busy.value = false;
    }
  }

  return {
    busy,
    fault,
    wording,
    send,
    /** Another content is another wish. */
    changed: (): void => {
      key = idempotencyKey();
    },
  };
}
