/** Reads codes from a camera's pictures: the browser's own reader where there is one, else a library that is loaded
 * then. Its pictures stay on the phone. */
export interface Reading {
  stop(): void;
}

interface Detector {
  detect(from: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
interface DetectorKind {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<string[]>;
}

const FORMATS = ["qr_code", "code_128", "data_matrix"];
const EACH_MS = 120;

export async function reading(video: HTMLVideoElement, found: (text: string) => void): Promise<Reading> {
  const native = await detector();
  if (!native) {
    const { BrowserMultiFormatReader } = await import("@zxing/browser");
    const controls = await new BrowserMultiFormatReader().decodeFromVideoElement(video, (result) => {
      if (result) found(result.getText());
    });
    return { stop: () => controls.stop() };
  }
  let over = false;
  const look = async (): Promise<void> => {
    if (over) return;
    try {
      const [one] = video.readyState >= 2 ? await native.detect(video) : [];
      if (one?.rawValue && !over) found(one.rawValue);
    } catch {
      // A picture that cannot be read is followed by another.
    }
    if (!over) setTimeout(() => void look(), EACH_MS);
  };
  void look();
  return {
    stop: () => {
      over = true;
    },
  };
}

async function detector(): Promise<Detector | null> {
  const kind = (globalThis as { BarcodeDetector?: DetectorKind }).BarcodeDetector;
  try {
    const known = (await kind?.getSupportedFormats()) ?? [];
    const formats = FORMATS.filter((one) => known.includes(one));
    return kind && formats.includes("qr_code") ? new kind({ formats }) : null;
  } catch {
    return null;
  }
}

/** Why there are no pictures, as a key of a text. */
export function why(fault: unknown): "denied" | "none" | "busy" | "insecure" {
  if (!globalThis.isSecureContext) return "insecure";
  const name = fault instanceof DOMException ? fault.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "none";
}
