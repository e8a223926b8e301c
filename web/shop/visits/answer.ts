/** What somebody answered when asked whether their visits may be told apart; with a yes, the name of their device. Kept
 * by the browser until they change their mind. Where it keeps nothing they are asked again. */
export interface Answer {
  consent: "yes" | "no";
  visitor: string;
}

const DATABASE = "visits";
const STORE = "answers";
const ONLY = "answer";

export async function keptAnswer(): Promise<Answer | null> {
  try {
    const found = await within<unknown>("readonly", (answers) => answers.get(ONLY));
    const { consent, visitor } = (found ?? {}) as Partial<Answer>;
    if (consent === "no") return { consent, visitor: "" };
    return consent === "yes" && visitor ? { consent, visitor } : null;
  } catch {
    return null;
  }
}

export async function keepAnswer(answer: Answer): Promise<void> {
  try {
    await within("readwrite", (answers) => answers.put(answer, ONLY));
  } catch {
    // It holds for this visit.
  }
}

export async function forgetAnswer(): Promise<void> {
  try {
    await within("readwrite", (answers) => answers.delete(ONLY));
  } catch {
    // There is none.
  }
}

async function within<T>(mode: IDBTransactionMode, act: (answers: IDBObjectStore) => IDBRequest): Promise<T> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = asked.onblocked = () => reject(asked.error ?? new Error("blocked"));
  });
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
