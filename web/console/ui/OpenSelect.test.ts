import { flushPromises, mount } from "@vue/test-utils";
import { ElSelect } from "element-plus";
import { expect, it } from "vitest";

import OpenSelect from "./OpenSelect.vue";

const known = [
  { value: "s1", label: "East Gate" },
  { value: "North East", label: "North East" },
];

async function left(modelValue: string | string[], typed: string): Promise<unknown> {
  const page = mount(OpenSelect, { props: { modelValue, known, multiple: Array.isArray(modelValue) }, attachTo: document.body });
  const input = page.find("input");
  await input.trigger("focus");
  (input.element as HTMLInputElement).value = typed;
  await input.trigger("input");
  await input.trigger("blur");
  await flushPromises();
  const told = page.emitted("update:modelValue")?.at(-1)?.[0];
  page.unmount();
  return told;
}

it("keeps what was typed when its field is left", async () => {
  expect(await left("", " new column ")).toBe("new column");
  expect(await left(["s1"], "s2, s3，s1")).toEqual(["s1", "s2", "s3"]);
});

it("takes what is known by its name, and as a whole", async () => {
  expect(await left([], "East Gate")).toEqual(["s1"]);
  expect(await left(["s1"], "North East")).toEqual(["s1", "North East"]);
  const page = mount(OpenSelect, { props: { modelValue: [], known, multiple: true } });
  page.findComponent(ElSelect).vm.$emit("update:modelValue", ["North East", "a b"]);
  expect(page.emitted("update:modelValue")).toEqual([[["North East", "a", "b"]]]);
});

it("changes nothing where nothing was typed", async () => {
  expect(await left(["s1"], "  ")).toBeUndefined();
});
