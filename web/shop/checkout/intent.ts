import { idempotencyKey } from "@shared/api/client";

/** One number for each thing that somebody wants: a double tap, or a call whose answer was lost, is the same again and
 * makes one order. Another content is another want. Only in memory: what was wanted names people. */
export class Intents {
  private last: { said: string; key: string } | null = null;

  constructor(private readonly make: () => string = idempotencyKey) {}

  keyOf(content: unknown): string {
    const said = JSON.stringify(content);
    if (this.last?.said !== said) this.last = { said, key: this.make() };
    return this.last.key;
  }

  /** It has come true: wanting the same once more is a new want. */
  done(): void {
    this.last = null;
  }
}
