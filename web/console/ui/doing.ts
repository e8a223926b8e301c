import "element-plus/theme-chalk/el-message.css";

import { ElMessage } from "element-plus";
import { ref, type Ref } from "vue";
import { useI18n } from "vue-i18n";

import { told } from "@shared/trouble";

import { faultText, fieldFaults } from "./fields";

const MOST_FAULTS = 3;

/** Something that a press starts: once at a time, its trouble told in words. `done` is said when it went well.
 *
 *     const { busy, act } = doing();
 *     await act(async () => ..., t("orders.refunded"));
 */
export function doing(): { busy: Ref<boolean>; act: (what: () => Promise<unknown>, done?: string) => Promise<boolean> } {
  const { t, te } = useI18n();
  const busy = ref(false);
  async function act(what: () => Promise<unknown>, done = ""): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    try {
      await what();
      if (done) ElMessage.success(done);
      return true;
    } catch (fault) {
      // They stopped it themselves, so there is nothing to be told.
      if (fault instanceof DOMException && fault.name === "AbortError") return false;
      // A form that marks no fields of its own says here which are meant.
      const fields = fieldFaults(fault).slice(0, MOST_FAULTS).map((one) => `${one.field}: ${faultText(one, { t, te })}`);
      ElMessage.error({ message: [told(fault, { t, te }), ...fields].join(" "), duration: 8000, showClose: true });
      return false;
    } finally {
      busy.value = false;
    }
  }
  return { busy, act };
}
