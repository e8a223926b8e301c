/** What a page must still know after a reload, or when a cashier sends its reader back: an order's token.
 *
 * `sessionStorage` gets it encrypted, under a name, and loses it with the tab. The key is one of the browser's own,
 * made for this one text: kept in IndexedDB, and no script can read it out. So what a disk, a backup or a look into the
 * storage shows opens nothing. After a day the key is gone, whether or not the tab is. Where a browser keeps no keys
 * (a private window of some), the text is only remembered until the page is left: `keep` says so.
 */
const DATABASE = "sealed";
const STORE = "keys";
export const LASTS_MS = 24 * 60 * 60 * 1000;

interface Kept {
  key: CryptoKey;
  at: number;
}

/** Until the page is left, also where nothing can be stored. */
const remembered = new Map<string, string>();

/** Whether it will still be there after a reload. */
export async function keep(name: string, text: string): Promise<boolean> {
  await forget(name);
  remembered.set(name, text);
  try {
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const id = crypto.randomUUID();
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypto.subtle.encrypt(bound(iv, name), key, new TextEncoder().encode(text));
    await sweep();
    await inKeys("readwrite", (keys) => keys.put({ key, at: Date.now() } satisfies Kept, id));
    sessionStorage.setItem(slot(name), [id, base64(iv), base64(new Uint8Array(sealed))].join(" "));
    return true;
  } catch {
    return false;
  }
}

/** Null where there is none, or it can be read no more. */
export async function read(name: string): Promise<string | null> {
  const known = remembered.get(name);
  if (known !== undefined) return known;
  try {
    const [id, iv, sealed] = sessionStorage.getItem(slot(name))?.split(" ") ?? [];
    if (!id || !iv || !sealed) return null;
    await sweep();
    const kept = await inKeys<Kept | undefined>("readonly", (keys) => keys.get(id));
    if (!kept) {
      sessionStorage.removeItem(slot(name));
      return null;
    }
    const text = await crypto.subtle.decrypt(bound(bytes(iv), name), kept.key, bytes(sealed));
    return new TextDecoder().decode(text);
  } catch {
    return null;
  }
}

export async function forget(name: string): Promise<void> {
  remembered.delete(name);
  try {
    const [id] = sessionStorage.getItem(slot(name))?.split(" ") ?? [];
    sessionStorage.removeItem(slot(name));
    if (id) await inKeys("readwrite", (keys) => keys.delete(id));
  } catch {
    // Nothing was kept that could be forgotten.
  }
}

/** As a page that is loaded anew begins: for tests. */
export function reloaded(): void {
  remembered.clear();
}

/** Keys of tabs that were closed long ago. */
async function sweep(): Promise<void> {
  const old = Date.now() - LASTS_MS;
  const database = await opened();
  try {
    await new Promise<void>((resolve, reject) => {
      const over = database.transaction(STORE, "readwrite");
      const walk = over.objectStore(STORE).openCursor();
      walk.onsuccess = () => {
        const at = walk.result;
        if (!at) return;
        if ((at.value as Kept).at < old) at.delete();
        at.continue();
      };
      over.oncomplete = () => resolve();
      over.onerror = over.onabort = () => reject(over.error);
    });
  } finally {
    database.close();
  }
}

async function inKeys<T>(mode: IDBTransactionMode, act: (keys: IDBObjectStore) => IDBRequest): Promise<T> {
  const database = await opened();
  try {
    return await new Promise<T>((resolve, reject) => {
      const over = database.transaction(STORE, mode);
      const asked = act(over.objectStore(STORE));
      over.oncomplete = () => resolve(asked.result as T);
      over.onerror = over.onabort = () => reject(over.error);
    });
  } finally {
    database.close();
  }
}

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = asked.onblocked = () => reject(asked.error ?? new Error("blocked"));
  });
}

/** A text that was kept under one name cannot be put under another. */
function bound(iv: Uint8Array<ArrayBuffer>, name: string): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(name) };
}

function slot(name: string): string {
  return `sealed.${name}`;
}

function base64(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data));
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
}
