/** The first lines of a file as they will be read, told before anything is sent. It shows what the columns are; the
 * importer itself decides (docs/stock.md). Nothing of it is kept. */

export type FileType = "txt" | "csv" | "xlsx";
export type Encoding = "utf-8" | "gbk";

export interface Preview {
  rows: string[][];
  encoding: Encoding;
  /** How the lines are cut, where that is clear. */
  delimiter: string | null;
}

const LOOKED_AT = 64 * 1024;
export const SHOWN = 8;
const USUAL = ["----", "\t", ",", ";", "|", "  ", " "] as const;

export function typeOf(name: string): FileType | null {
  const end = name.toLowerCase().split(".").at(-1);
  return end === "txt" || end === "csv" || end === "xlsx" ? end : null;
}

export async function previewOf(file: Blob, type: FileType, chosen: Encoding | "auto", delimiter: string | null): Promise<Preview | null> {
  if (type === "xlsx") return null;
  const bytes = new Uint8Array(await file.slice(0, LOOKED_AT).arrayBuffer());
  const encoding = chosen === "auto" ? encodingOf(bytes, file.size > LOOKED_AT) : chosen;
  return { encoding, ...previewText(new TextDecoder(encoding === "gbk" ? "gb18030" : "utf-8").decode(bytes), type, delimiter, file.size > LOOKED_AT) };
}

/** UTF-8 where it reads as such, else GBK: as the importer recognises it. The last character of a part may be cut. */
export function encodingOf(bytes: Uint8Array, cut: boolean): Encoding {
  for (let less = 0; less <= (cut ? 3 : 0); less += 1)
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, bytes.length - less));
      return "utf-8";
    } catch {
      // One byte fewer, or another encoding.
    }
  return "gbk";
}

export function previewText(text: string, type: "txt" | "csv", delimiter: string | null, cut = false): Omit<Preview, "encoding"> {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  if (cut) lines.pop();
  const some = lines.filter((line) => line.trim()).slice(0, SHOWN);
  const by = delimiter ?? (type === "csv" ? "," : delimiterOf(some));
  return { delimiter: by, rows: some.map((line) => (type === "csv" ? csvCells(line, by ?? ",") : by ? line.split(by).map((cell) => cell.trim()) : [line.trim()])) };
}

function delimiterOf(lines: readonly string[]): string | null {
  return USUAL.find((one) => lines.length > 0 && lines.every((line) => line.trim().includes(one))) ?? null;
}

export function csvCells(line: string, delimiter: string): string[] {
  const cells: string[] = [];
  let [cell, quoted] = ["", false];
  for (let at = 0; at < line.length; at += 1) {
    const sign = line[at];
    if (quoted && sign === '"' && line[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (sign === '"') quoted = !quoted;
    else if (sign === delimiter && !quoted) {
      cells.push(cell.trim());
      cell = "";
    } else cell += sign ?? "";
  }
  return [...cells, cell.trim()];
}

/** Enough to see that the columns are right, not enough to use it. */
export function masked(cell: string): string {
  if (cell.length <= 4) return "•".repeat(cell.length);
  const shown = Math.min(4, Math.floor(cell.length / 3));
  return `${cell.slice(0, shown)}${"•".repeat(Math.min(8, cell.length - shown))}`;
}

/** Pasted lines as the API takes them: those that say something. */
export function pasted(text: string): string[] {
  return text.split(/\r\n|\n|\r/).map((line) => line.trim()).filter(Boolean);
}
