import type { Schemas } from "@shared/api/client";

import { written } from "../../ui/said";

type Texts = Record<string, string>;
export type ProductView = Schemas["CatalogProductView"];
export type SkuBody = Schemas["SkuBody"];
export type Kind = SkuBody["kind"];
export type Tier = Schemas["Tier"];
export type ChannelTerms = { visible: boolean; price: number | null; tiers: Tier[] };
export type AccountField = Schemas["AccountField"];
export type TopupTerms = Schemas["TopupTerms"];
export type VoucherTerms = Schemas["VoucherTerms-Input"];

export const KINDS: readonly Kind[] = ["card", "voucher", "bundle", "manual", "topup"];

/** A SKU as the form edits it: everything there, so that no field has to ask whether it is. */
export interface SkuDraft {
  id: string;
  /** Kept by the shop already: what it is cannot change any more. */
  kept: boolean;
  halted: boolean;
  kind: Kind;
  titles: Texts;
  price: number | null;
  currency: string;
  face_value: number | null;
  tutorial: Texts;
  images: string[];
  validity: { until: string | null; days_from_delivery: number | null };
  limit_per_buyer: number | null;
  limit_per_order: number | null;
  tiers: Tier[];
  channels: Record<string, ChannelTerms>;
  only_listed_channels: boolean;
  on_sale_from: string | null;
  on_sale_until: string | null;
  hold: "order" | "payment";
  on_shortage: "refund" | "backlog";
  backlog_hours: number;
  tax_class: string;
  tax_rate: number;
  prepaid: Schemas["Prepaid"] | null;
  issuer: string;
  card_format: "number" | "number_pin" | "code" | "link";
  reusable_uses: number | null;
  components: Schemas["Component"][];
  warranty_days: number;
  free_replacements: number;
  replace_with: string[];
  voucher: VoucherTerms | null;
  topup: TopupTerms | null;
  sourcing: "stock" | "on_demand" | "stock_then_supplier";
  least_margin: number;
  shards: number;
}

export interface ProductDraft {
  category_id: string | null;
  titles: Texts;
  descriptions: Texts;
  images: string[];
  sort_order: number;
  skus: SkuDraft[];
}

/** Without some of its fields. */
export function without<T extends object>(value: T, ...names: string[]): T {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))) as T;
}

/** A copy of plain data, out of a form too: what Vue watches, `structuredClone` refuses. */
export function copied<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

export function emptyProduct(): ProductDraft {
  return { category_id: null, titles: {}, descriptions: {}, images: [], sort_order: 0, skus: [] };
}

export function newSku(kind: Kind): SkuDraft {
  const plain: SkuDraft = {
    id: "",
    kept: false,
    halted: false,
    kind,
    titles: {},
    price: null,
    currency: "CNY",
    face_value: null,
    tutorial: {},
    images: [],
    validity: { until: null, days_from_delivery: null },
    limit_per_buyer: null,
    limit_per_order: null,
    tiers: [],
    channels: {},
    only_listed_channels: false,
    on_sale_from: null,
    on_sale_until: null,
    hold: "order",
    on_shortage: "refund",
    backlog_hours: 24,
    tax_class: "",
    tax_rate: 0,
    prepaid: null,
    issuer: "",
    card_format: "code",
    reusable_uses: null,
    components: [],
    warranty_days: 0,
    free_replacements: 0,
    replace_with: [],
    voucher: null,
    topup: null,
    sourcing: "stock",
    least_margin: 0,
    shards: 1,
  };
  if (kind === "topup") return { ...plain, sourcing: "on_demand", topup: { fields: [], regions: {}, ask: "with_order", account_hours: ACCOUNT_HOURS, check: "never", confirm_text: {} } };
  if (kind === "voucher") return { ...plain, voucher: newVoucher() };
  return plain;
}

/** Where nobody said otherwise: only an account that may be named later is waited for. */
export const ACCOUNT_HOURS = 168;

export function newVoucher(): VoucherTerms {
  return {
    value: { kind: "once" },
    currency: "CNY",
    pin_digits: 0,
    ways: ["code", "static_qr", "fresh_qr"],
    rules: {},
    reversal_minutes: 0,
    issue: "on_sale",
    regions: [],
  } as unknown as VoucherTerms;
}

export function draftOf(view: ProductView): ProductDraft {
  const { category_id, titles, descriptions, images, sort_order, skus } = copied(view);
  return {
    category_id: category_id ?? null,
    titles: titles as Texts,
    descriptions: (descriptions ?? {}) as Texts,
    images: images ?? [],
    sort_order: sort_order ?? 0,
    skus: skus.map(skuDraftOf),
  };
}

function skuDraftOf(view: ProductView["skus"][number]): SkuDraft {
  const plain = newSku(view.kind);
  const known = Object.fromEntries(Object.entries(view).filter(([name, value]) => name in plain && value !== undefined));
  const channels = Object.fromEntries(
    Object.entries((view.channels ?? {}) as Record<string, Partial<ChannelTerms>>).map(([id, terms]) => [
      id,
      { visible: terms.visible ?? true, price: terms.price ?? null, tiers: terms.tiers ?? [] },
    ]),
  );
  return { ...plain, ...known, id: view.id, kept: true, halted: Boolean(view.halted), channels } as SkuDraft;
}

/** What only something of that kind may say is left out of the others: the API refuses it rather than keeping it. */
export function skuBody(draft: SkuDraft): SkuBody {
  const { id, ...terms } = without(draft, "kept", "halted");
  const ofCards = draft.kind === "card";
  const stocked = ofCards || draft.kind === "voucher";
  const said = {
    ...terms,
    ...(id ? { id } : {}),
    price: draft.price ?? 0,
    titles: written(draft.titles),
    tutorial: written(draft.tutorial),
    images: lines(draft.images),
    issuer: ofCards ? draft.issuer.trim() : "",
    card_format: ofCards ? draft.card_format : "code",
    components: draft.kind === "bundle" ? draft.components : [],
    topup: draft.kind === "topup" && draft.topup ? topupBody(draft.topup) : null,
    voucher: draft.kind === "voucher" && draft.voucher ? { ...draft.voucher, currency: draft.currency } : null,
    validity: draft.kind === "topup" || draft.kind === "voucher" ? {} : draft.validity,
    sourcing: draft.kind === "topup" ? "on_demand" : ofCards ? draft.sourcing : "stock",
    reusable_uses: ofCards && draft.sourcing === "stock" ? draft.reusable_uses : null,
    prepaid: stocked ? draft.prepaid : null,
    replace_with: ofCards ? draft.replace_with : [],
    warranty_days: draft.kind === "topup" ? 0 : draft.warranty_days,
    free_replacements: draft.kind === "topup" ? 0 : draft.free_replacements,
    shards: draft.kind === "topup" ? 1 : draft.shards,
  };
  return said as unknown as SkuBody;
}

function topupBody(terms: TopupTerms): TopupTerms {
  return { ...terms, confirm_text: written((terms.confirm_text ?? {}) as Texts) } as TopupTerms;
}

export function productBody(draft: ProductDraft): Omit<Schemas["WholeProduct"], "version"> {
  return {
    category_id: draft.category_id,
    titles: written(draft.titles),
    descriptions: written(draft.descriptions),
    images: lines(draft.images),
    sort_order: draft.sort_order,
    skus: draft.skus.map(skuBody),
  } as Omit<Schemas["WholeProduct"], "version">;
}

function lines(given: string[]): string[] {
  return given.map((line) => line.trim()).filter(Boolean);
}

export type Missing = { sku: number | null; what: "titles" | "price" | "components" | "part" | "tier" | "fields" | "face_value" | "options" };

/** What is missing before anything is sent; the API says the rest at its field. */
export function missing(draft: ProductDraft): Missing[] {
  const found: Missing[] = [];
  if (!Object.keys(written(draft.titles)).length) found.push({ sku: null, what: "titles" });
  draft.skus.forEach((sku, at) => {
    if (!Object.keys(written(sku.titles)).length) found.push({ sku: at, what: "titles" });
    if (!sku.price) found.push({ sku: at, what: "price" });
    if (sku.kind === "bundle" && !sku.components.length) found.push({ sku: at, what: "components" });
    if (sku.kind === "bundle" && sku.components.some((part) => !part.sku)) found.push({ sku: at, what: "part" });
    if ([sku, ...Object.values(sku.channels)].some(({ tiers }) => tiers.some((tier) => !tier.price))) found.push({ sku: at, what: "tier" });
    if (sku.kind === "topup" && !sku.topup?.fields.length) found.push({ sku: at, what: "fields" });
    if (sku.kind === "topup" && !sku.face_value) found.push({ sku: at, what: "face_value" });
    if (sku.topup?.fields.some((field) => field.kind === "choice" && !field.options?.length)) found.push({ sku: at, what: "options" });
  });
  return found;
}
