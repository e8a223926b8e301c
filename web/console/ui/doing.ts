import "element-plus/theme-chalk/el-message.css";

import { ElMessage } from "element-plus";
import { ref, type Ref } from "vue";
import { useI18n } from "vue-i18n";

import { told } from "@shared/trouble";

import { marking } from "./fields";

const MOST_FAULTS = 3;

/** Something that a press starts: once at a time, its trouble told in words. `done` is said when it went well. What is
 * wrong with a field is said at it, where the form asks for that by `wrong`, else with the rest.
 *
 *     const { busy, act, wrong } = doing();
 *     await act(async () => ..., t("orders.refunded"));
 */
export function doing(): {
  busy: Ref<boolean>;
  act: (what: () => Promise<unknown>, done?: string) => Promise<boolean>;
  wrong: (field: string) => string;
  /** What was wrong is of no matter any more: another thing is in the form. */
  clear: () => void;
} {
  const { t, te } = useI18n();
  const busy = ref(false);
  const { take, wrong, others } = marking({ t, te });
  async function act(what: () => Promise<unknown>, done = ""): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    take(undefined);
    try {
      await what();
      if (done) ElMessage.success(done);
      return true;
    } catch (fault) {
      // They stopped it themselves, so there is nothing to be told.
      if (fault instanceof DOMException && fault.name === "AbortError") return false;
      take(fault);
      ElMessage.error({ message: [told(fault, { t, te }), ...others().slice(0, MOST_FAULTS)].join(" "), duration: 8000, showClose: true });
      return false;
    } finally {
      busy.value = false;
    }
  }
  return { busy, act, wrong, clear: () => take(undefined) };
}
