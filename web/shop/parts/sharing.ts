import { showToast } from "vant/es/toast/index";
import "vant/es/toast/style/index";

import { say } from "./said";

/** A page's address, by whatever the device shares things with; else it is copied. */
export async function share(title: string, copied: string): Promise<void> {
  const url = location.origin + location.pathname;
  if (navigator.share) {
    try {
      await navigator.share({ title, url });
    } catch {
      // Whoever closes the device's own sheet has changed their mind.
    }
    return;
  }
  try {
    await navigator.clipboard.writeText(url);
    showToast(copied);
    say(copied);
  } catch {
    // Without a clipboard there is the address bar.
  }
}
