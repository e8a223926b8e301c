export const STATES = ["draft", "published", "archived"] as const;
export type ProductState = (typeof STATES)[number];

export const STATE_TYPES: Record<ProductState, "info" | "success" | "warning"> = {
  draft: "warning",
  published: "success",
  archived: "info",
};
