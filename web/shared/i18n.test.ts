import { expect, it } from "vitest";

import { languages } from "./i18n";

it("says an app's own words in place of the shared ones, whichever are loaded first", async () => {
  const own = { default: { problem: { conflict: "Refresh." } } };
  const { i18n } = await languages([{ "./locales/en.json": () => Promise.resolve(own) }]);
  expect(i18n.global.locale.value).toBe("en");
  expect(i18n.global.t("problem.conflict")).toBe("Refresh.");
  expect(i18n.global.t("common.retry")).toBe("Try again");
});
