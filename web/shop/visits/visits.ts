type Touch = { source?: string; medium?: string; campaign?: string };
type Told = { kind: "view"; product: string } | { kind: "search"; words: string } | ({ kind: "touch" } & Touch);
/** As `POST /v1/events` takes it. */
export type Event = Told & { id: string; at: string };

/** `unasked` until somebody says yes or no; a browser that asks not to be tracked has said no. */
export type Consent = "yes" | "no" | "unasked";

export interface Batch {
  consent: boolean;
  visitor: string;
  events: Event[];
}

export interface World {
  send(batch: Batch): Promise<void>;
  now(): number;
  id(): string;
  later(act: () => void, ms: number): void;
}

const AT_ONCE = 50;
const SOON_MS = 3_000;
const AGAIN_MS = 60_000;
/** More is not kept while the shop cannot be told. */
const MOST = 200;
const LONGEST = 64;

/** What a visitor does, told in small batches (docs/visits.md). Without consent nothing tells two visits apart: what was
 * looked at counts, and where somebody came from waits, in memory, for a yes. */
export class Visits {
  private readonly waiting: Event[] = [];
  private arrival: Event | null = null;
  private planned = false;

  constructor(
    private readonly world: World,
    public consent: Consent,
    public visitor: string,
  ) {}

  view(product: string): void {
    this.note({ kind: "view", product });
  }

  search(words: string): void {
    const text = cut(words);
    if (text) this.note({ kind: "search", words: text });
  }

  touch(touch: Touch): void {
    const told = { source: cut(touch.source), medium: cut(touch.medium), campaign: cut(touch.campaign) };
    if (!told.source && !told.medium && !told.campaign) return;
    this.arrival = this.made({ kind: "touch", ...told });
    this.letArrivalGo();
  }

  decide(consent: Consent, visitor: string): void {
    this.consent = consent;
    this.visitor = visitor;
    this.letArrivalGo();
  }

  /** Now: also as the page is left. What was not taken is told again later, under the same ids. */
  async flush(): Promise<void> {
    while (this.waiting.length) {
      const batch = this.waiting.splice(0, AT_ONCE);
      const consent = this.consent === "yes";
      try {
        await this.world.send({ consent, visitor: consent ? this.visitor : "", events: batch });
      } catch {
        this.waiting.unshift(...batch);
        this.waiting.splice(MOST);
        this.plan(AGAIN_MS);
        return;
      }
    }
  }

  private letArrivalGo(): void {
    if (!this.arrival || this.consent !== "yes") return;
    this.waiting.push(this.arrival);
    this.arrival = null;
    this.plan(SOON_MS);
  }

  private note(told: Told): void {
    if (this.waiting.length >= MOST) return;
    this.waiting.push(this.made(told));
    this.plan(SOON_MS);
  }

  private made(told: Told): Event {
    return { ...told, id: this.world.id(), at: new Date(this.world.now()).toISOString() };
  }

  private plan(ms: number): void {
    if (this.planned) return;
    this.planned = true;
    this.world.later(() => {
      this.planned = false;
      void this.flush();
    }, ms);
  }
}

const cut = (text: string | undefined): string => [...(text ?? "").trim()].slice(0, LONGEST).join("");

/** Where somebody came from: UTM parameters, else the site that linked here. */
export function arrival(address: URL, referrer: string): Touch {
  const get = (name: string) => address.searchParams.get(name) ?? undefined;
  const utm = { source: get("utm_source"), medium: get("utm_medium"), campaign: get("utm_campaign") };
  if (utm.source || utm.medium || utm.campaign) return utm;
  if (!URL.canParse(referrer)) return {};
  const { host, protocol } = new URL(referrer);
  return protocol.startsWith("http") && host !== address.host ? { source: host, medium: "referral" } : {};
}

/** DNT and GPC (https://globalprivacycontrol.github.io/gpc-spec/): then nobody is asked, and the answer is no. */
export function refuses(browser: { doNotTrack?: string | null; globalPrivacyControl?: boolean }): boolean {
  return browser.globalPrivacyControl === true || browser.doNotTrack === "1" || browser.doNotTrack === "yes";
}
