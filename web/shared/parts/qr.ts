import { encode } from "uqr";

/** A QR code as an SVG path in a square of `size` units, with the quiet zone around it that scanners ask for. */
export interface Drawn {
  path: string;
  size: number;
}

const QUIET = 4;

/** Null where the text is too long for one. */
export function drawn(text: string): Drawn | null {
  try {
    const { data, size } = encode(text, { ecc: "M", border: QUIET });
    const runs: string[] = [];
    data.forEach((row, y) => {
      for (let x = 0; x < row.length; x += 1) {
        if (!row[x]) continue;
        let end = x;
        while (row[end]) end += 1;
        runs.push(`M${x} ${y}h${end - x}v1h-${end - x}z`);
        x = end;
      }
    });
    return { path: runs.join(""), size };
  } catch {
    return null;
  }
}
