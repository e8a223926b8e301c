import { BinaryBitmap, Code128Reader, HybridBinarizer, QRCodeReader, RGBLuminanceSource } from "@zxing/library";

/** Vouchers have QR codes; a third party's card may have a bar code. */
const READERS = [new QRCodeReader(), new Code128Reader()];

/** What a code on the picture says; null where there is none that can be read. */
export function read({ data, width, height }: Pick<ImageData, "data" | "width" | "height">): string | null {
  const grey = new Uint8ClampedArray(width * height);
  for (let at = 0; at < grey.length; at += 1) {
    const [red = 0, green = 0, blue = 0] = data.subarray(at * 4, at * 4 + 3);
    grey[at] = (red * 3 + green * 6 + blue) / 10;
  }
  for (const reader of READERS) {
    try {
      return reader.decode(new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(grey, width, height)))).getText();
    } catch {
      // Nothing that this one reads: most pictures show none.
    } finally {
      reader.reset();
    }
  }
  return null;
}
