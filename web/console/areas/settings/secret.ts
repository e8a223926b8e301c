const BYTES = 36;

/** 48 letters, digits, `-` and `_`: what another shop signs its calls with. */
export function freshSecret(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes)): string {
  const text = btoa(String.fromCharCode(...random(new Uint8Array(BYTES))));
  return text.replaceAll("+", "-").replaceAll("/", "_");
}
