/** Tax numbers of Chinese enterprises, as the API checks them (docs/tax.md): 15 or 20 characters, or a 统一社会信用代码 of
 * 18 with its check character (GB 32100-2015). */
const CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const CREDIT_CODE = new RegExp(`^[${CHARACTERS}]{2}[0-9]{6}[${CHARACTERS}]{10}$`);

export function normal(text: string): string {
  return text.normalize("NFKC").replace(/\s/g, "").toUpperCase();
}

export function isTaxNumber(number: string): boolean {
  if (number.length === 18) return CREDIT_CODE.test(number) && check(number.slice(0, 17)) === number[17];
  return /^([0-9A-Z]{15}|[0-9A-Z]{20})$/.test(number);
}

function check(first: string): string {
  let weight = 1;
  let sum = 0;
  for (const one of first) {
    sum += CHARACTERS.indexOf(one) * weight;
    weight = (weight * 3) % 31;
  }
  return CHARACTERS[(31 - (sum % 31)) % 31] ?? "";
}
