import { computed, onBeforeUnmount, onMounted, ref, type ComputedRef } from "vue";
import { useI18n } from "vue-i18n";
import type { Router } from "vue-router";

import { sure } from "./ask";

type Says = (key: string) => string;

/** Of each form on the page, whether it holds what nobody has saved yet. */
const forms = new Set<() => boolean>();
const holding = (): boolean => [...forms].some((holds) => holds());

function meant(t: Says): Promise<boolean> {
  return sure({ title: t("ui.leave"), what: t("ui.leaveWhat"), act: t("ui.leaveYes"), danger: true });
}

/** Whether whoever leaves the page means it: asked where something would be lost. */
export async function mayLeave(t: Says): Promise<boolean> {
  return !holding() || meant(t);
}

/** Nobody is asked about it again, by the browser neither: the page goes. */
export function giveUp(): void {
  forms.clear();
}

/** For the frame around all pages: no place is left for another, nor the page closed, over what nobody has saved. */
export function asksBeforeLeaving(router: Router, t: Says): void {
  // Another filter in the address is no other place.
  const off = router.beforeEach((to, from) => to.path === from.path || mayLeave(t));
  const closing = (event: BeforeUnloadEvent): void => {
    if (holding()) event.preventDefault();
  };
  onMounted(() => window.addEventListener("beforeunload", closing));
  onBeforeUnmount(() => {
    off();
    window.removeEventListener("beforeunload", closing);
  });
}

/** A form that asks before what it holds is lost. */
export function asksFor(holds: () => boolean): void {
  forms.add(holds);
  onBeforeUnmount(() => forms.delete(holds));
}

/** The same, of a form whose fields tell by themselves what was changed since `kept()`.
 *
 *     const { changed, kept, leave } = unsaved(() => form);
 *
 * `leave` is a drawer's `before-close`; `open` tells whether a form that lies in one is there. */
export function unsaved(
  fields: () => unknown,
  open: () => boolean = () => true,
): {
  changed: ComputedRef<boolean>;
  kept: () => void;
  mayDrop: () => Promise<boolean>;
  leave: (close: () => void) => void;
} {
  const { t } = useI18n();
  const before = ref(JSON.stringify(fields()));
  const changed = computed(() => open() && JSON.stringify(fields()) !== before.value);
  asksFor(() => changed.value);
  return {
    changed,
    kept: () => (before.value = JSON.stringify(fields())),
    mayDrop: async () => !changed.value || meant(t),
    leave: (close) => void mayLeave(t).then((yes) => yes && close()),
  };
}
