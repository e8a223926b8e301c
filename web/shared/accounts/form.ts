import type { Schemas } from "@shared/api/client";

export type Field = Schemas["FormField"];
export type Values = Record<string, string>;
/** As the API names them (docs/topup.md). */
export type Fault = "missing" | "unknown" | "format" | "length" | "country" | "option" | "region" | "count" | "refused";

const MAINLAND = "86";
const MOBILE = /^1[3-9]\d{9}$/;
const E164 = /^\+[1-9]\d{6,14}$/;
const QQ = /^[1-9]\d{4,10}$/;
const WECHAT = /^[A-Za-z][A-Za-z0-9_-]{5,19}$/;
const EMAIL = /^[^@\s]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}$/;
const CHARACTERS: Record<string, RegExp> = {
  letters: /^[A-Za-z]+$/,
  letters_digits: /^[A-Za-z0-9_-]+$/,
  ascii: /^[\x21-\x7e]+$/,
};
const CONTROL = /\p{C}/u;

/** What is wrong with a field, by the API's own rules (`catalog/accounts.py`): so that a buyer hears it while typing.
 * The API has the last word. */
export function fault(field: Field, given: string | undefined): Fault | null {
  const typed = (given ?? "").trim();
  if (!typed) return field.required ? "missing" : null;
  const plain = typed.normalize("NFKC");
  switch (field.kind) {
    case "phone":
      return phone(field.countries, plain);
    case "choice":
      return field.options.some((option) => option.value === typed) ? null : "option";
    case "digits":
      return sized(field, plain, /^[0-9]+$/.test(plain));
    case "text": {
      const text = typed.normalize("NFC");
      const allowed = CHARACTERS[field.characters];
      return sized(field, text, allowed ? allowed.test(text) : !CONTROL.test(text));
    }
    case "qq":
      return QQ.test(plain) ? null : "format";
    case "wechat":
      return WECHAT.test(plain) ? null : "format";
    case "email":
      return EMAIL.test(plain) ? null : "format";
  }
}

/** A number of one of these countries, however it is typed; `00` and spaces are read as people mean them. */
export function phone(countries: readonly string[], typed: string): "format" | "country" | null {
  let number = typed.normalize("NFKC").replace(/[\s().-]/g, "");
  if (number.startsWith("00")) number = `+${number.slice(2)}`;
  if (MOBILE.test(number)) number = `+${MAINLAND}${number}`;
  else if (number.startsWith(MAINLAND) && MOBILE.test(number.slice(MAINLAND.length))) number = `+${number}`;
  if (!E164.test(number)) return "format";
  const country = countries.find((code) => number.startsWith(`+${code}`));
  if (!country) return "country";
  return country !== MAINLAND || MOBILE.test(number.slice(MAINLAND.length + 1)) ? null : "format";
}

function sized(field: Field, text: string, fits: boolean): Fault | null {
  if (!fits) return "format";
  const length = [...text].length;
  return length >= field.least && length <= field.most ? null : "length";
}

/** A component of a bundle, whose fields bear its name: `<sku>.<field>` (docs/topup.md). */
export interface Part {
  sku: string;
  title: string;
}

/** Fields by the component that they are for, so that two phone numbers can be told apart; one group without a title
 * where there is but one account to fill in. */
export function grouped(fields: readonly Field[], parts: readonly Part[]): { title: string; fields: Field[] }[] {
  const groups = new Map<string, { title: string; fields: Field[] }>();
  for (const field of fields) {
    const part = parts.filter((one) => field.name.startsWith(`${one.sku}.`)).sort((a, b) => b.sku.length - a.sku.length)[0];
    const group = groups.get(part?.sku ?? "") ?? { title: part?.title ?? "", fields: [] };
    groups.set(part?.sku ?? "", { ...group, fields: [...group.fields, field] });
  }
  return groups.size > 1 ? [...groups.values()] : [{ title: "", fields: [...fields] }];
}

/** Every field that is wrong. */
export function faults(fields: readonly Field[], values: Values): Record<string, Fault> {
  const found = fields.map((field) => [field.name, fault(field, values[field.name])] as const);
  return Object.fromEntries(found.filter((one): one is readonly [string, Fault] => one[1] !== null));
}

/** What is sent: only what the form asks for, and nothing that is empty. */
export function filled(fields: readonly Field[], values: Values): Values {
  const known = fields.map((field) => [field.name, (values[field.name] ?? "").trim()] as const);
  return Object.fromEntries(known.filter(([, text]) => text));
}

/** Where the API found fault: `lines.0.accounts.1.phone`, or `accounts.1.phone` where there is but one line. A field's
 * own name may have points in it; without one it is about the whole account, or all of them. */
export function placed(where: string): { line: number; account: number; name: string } | null {
  const found = /^(?:lines\.(\d+)\.)?accounts(?:\.(\d+)(?:\.(.+))?)?$/.exec(where);
  return found ? { line: Number(found[1] ?? 0), account: Number(found[2] ?? 0), name: found[3] ?? "" } : null;
}

/** The field that a fault is shown at: the one it names, or the first of the account, or component, that it is about. */
export function fieldOf(fields: readonly Field[], name: string): Field | undefined {
  return fields.find((one) => one.name === name) ?? fields.find((one) => !name || one.name.startsWith(`${name}.`));
}

/** Of an account, as its owner knows it again; a secret field is not shown at all. */
export function shown(fields: readonly Field[], values: Values, language: string): string {
  return fields
    .filter((field) => values[field.name]?.trim())
    .map((field) => {
      if (field.secret) return "••••";
      const option = field.options.find((one) => one.value === values[field.name]);
      return option ? said(option.titles, language) : (values[field.name] ?? "").trim();
    })
    .join(" · ");
}

/** A text by language, or in whichever there is. */
export function said(texts: Record<string, string | undefined>, language: string): string {
  return texts[language] ?? Object.values(texts)[0] ?? "";
}
