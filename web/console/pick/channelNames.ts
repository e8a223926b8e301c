import { useI18n } from "vue-i18n";

import { knownChannels } from "./known";

/** Channels as people call them; one that is not known (any more) by its id. */
export function channelNames(): (id: string) => string {
  const { t } = useI18n();
  const channels = knownChannels();
  return (id) => (id === "shared" ? t("pick.shared") : (channels.value?.find((one) => one.id === id)?.name ?? id));
}
