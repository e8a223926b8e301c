import "element-plus/theme-chalk/el-message-box.css";

import { ElMessageBox } from "element-plus";
import { useI18n } from "vue-i18n";

export interface Asking {
  /** Asks before what cannot be undone; `yes` is the button's own verb. False where somebody thought better of it. */
  sure: (title: string, what: string, yes: string) => Promise<boolean>;
  /** Asks for the reason that goes to the audit trail; undefined where somebody thought better of it. */
  why: (title: string, what: string, yes: string) => Promise<string | undefined>;
}

export function asking(): Asking {
  const { t } = useI18n();
  const common = () => ({ cancelButtonText: t("common.cancel"), closeOnClickModal: false, autofocus: true });

  async function sure(title: string, what: string, yes: string): Promise<boolean> {
    try {
      await ElMessageBox.confirm(what, title, { ...common(), type: "warning", confirmButtonText: yes });
      return true;
    } catch {
      return false;
    }
  }

  async function why(title: string, what: string, yes: string): Promise<string | undefined> {
    try {
      const given = await ElMessageBox.prompt(what, title, {
        ...common(),
        confirmButtonText: yes,
        inputType: "textarea",
        inputPlaceholder: t("ui.why"),
        inputValidator: (text: string) => {
          const length = text?.trim().length ?? 0;
          return (length >= 1 && length <= 500) || t("ui.whyNeeded");
        },
      });
      return (given as { value: string }).value.trim();
    } catch {
      return undefined;
    }
  }

  return { sure, why };
}
