import { ACCOUNT_HOURS, copied, type AccountField, type TopupTerms } from "./draft";

export const FIELD_KINDS = ["phone", "qq", "wechat", "email", "digits", "text", "choice"] as const;
export const CHARACTERS = ["any", "letters", "letters_digits", "ascii"] as const;
export const ASKS = ["with_order", "later"] as const;
export const CHECKS = ["never", "if_possible", "must"] as const;
export const LONGEST = 64;

const TITLES: Record<string, Record<string, string>> = {
  phone: { "zh-CN": "手机号", en: "Mobile number" },
  qq: { "zh-CN": "QQ 号", en: "QQ number" },
  wechat: { "zh-CN": "微信号", en: "WeChat ID" },
  email: { "zh-CN": "邮箱账号", en: "Account's e-mail" },
  user: { "zh-CN": "游戏 ID", en: "Player's ID" },
  server: { "zh-CN": "区服", en: "Server" },
};

export function newField(kind: AccountField["kind"], name: string): AccountField {
  return {
    name,
    kind,
    titles: TITLES[name] ?? {},
    hints: {},
    required: true,
    secret: false,
    characters: "any",
    least: 1,
    most: LONGEST,
    countries: ["86"],
    options: [],
  } as unknown as AccountField;
}

const NO_RETURN = {
  "zh-CN": "充值成功后不能退款，请确认账号填写正确。",
  en: "A top-up cannot be returned once it has arrived: please make sure that the account is right.",
};

export const TEMPLATES = ["phone", "qq", "wechat", "email", "game"] as const;
export type Template = (typeof TEMPLATES)[number];

/** The usual forms of an account, to begin with. */
export function template(name: Template): TopupTerms {
  const fields =
    name === "game"
      ? [newField("text", "user"), { ...newField("choice", "server"), options: [{ value: "1", titles: { "zh-CN": "一区", en: "Server 1" } }] }]
      : [newField(name, name)];
  return { fields, regions: {}, ask: "with_order", account_hours: ACCOUNT_HOURS, check: name === "phone" ? "if_possible" : "never", confirm_text: { ...NO_RETURN } } as unknown as TopupTerms;
}

/** A field as another kind: what only the old kind has goes back to what nobody said. */
export function asKind(field: AccountField, kind: AccountField["kind"]): AccountField {
  const fresh = newField(kind, field.name);
  const { titles, hints, required, secret } = copied(field);
  const lengths = kind === "digits" || kind === "text" ? { least: field.least ?? 1, most: field.most ?? LONGEST } : {};
  const options = kind === "choice" ? { options: field.options?.length ? field.options : [{ value: "1", titles: {} }] } : {};
  return { ...fresh, titles, hints, required, secret, ...lengths, ...options } as AccountField;
}

/** When the account is asked for; how long it is waited for is said only where it may come later. */
export function asked(terms: TopupTerms, ask: TopupTerms["ask"]): TopupTerms {
  return { ...terms, ask, account_hours: ask === "later" ? terms.account_hours : ACCOUNT_HOURS };
}
