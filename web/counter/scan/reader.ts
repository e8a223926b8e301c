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

const FORMATS = ["qr_code", "code_128"];
const EACH_MS = 120;

/** What is on a picture, or null. */
type Look = (video: HTMLVideoElement) => Promise<string | null>;

export async function reading(video: HTMLVideoElement, found: (text: string) => void): Promise<Reading> {
  const look = (await natively()) ?? (await byLibrary());
  let over = false;
  const again = async (): Promise<void> => {
    if (over) return;
    const text = video.readyState >= 2 ? await look(video).catch(() => null) : null;
    if (over) return;
    if (text) found(text);
    setTimeout(() => void again(), EACH_MS);
  };
  void again();
  return {
    stop: () => {
      over = true;
    },
  };
}

async function natively(): Promise<Look | null> {
  const native = await detector();
  return native && (async (video) => (await native.detect(video))[0]?.rawValue ?? null);
}

async function byLibrary(): Promise<Look> {
  const { read } = await import("./picture");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return (video) => {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    context?.drawImage(video, 0, 0);
    const picture = context?.getImageData(0, 0, canvas.width, canvas.height);
    return Promise.resolve(picture ? read(picture) : null);
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
