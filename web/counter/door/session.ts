import { ref, shallowRef } from "vue";

import { api, body, type Api, type Schemas } from "@shared/api/client";
import { Problem } from "@shared/api/problem";
import { heard } from "@shared/clock";

export type Store = Schemas["CounterStoreView"];
export type Issuer = Schemas["ConfirmingView"];

/** Of all that this page knows only the store is remembered for the tab: the key is typed or pasted anew. */
const REMEMBERED = "counter.store";

/** Who stands at the till, in memory. */
export class Session {
  private key: string | undefined;
  readonly client: Api = api(() => this.key);
  readonly stores = shallowRef<Store[]>([]);
  readonly issuers = shallowRef<Issuer[]>([]);
  readonly store = shallowRef<Store | null>(null);
  readonly operator = ref("");
  readonly open = ref(false);

  constructor() {
    this.client.use({
      onResponse({ response }) {
        heard(response.headers.get("Date"));
        return response;
      },
    });
  }

  /** Raises Problem: `wrong_key` is none of a counter, `no_store` one that no store is left to. */
  async enter(text: string): Promise<void> {
    const key = text.trim();
    if (!/^qy_counter_[A-Za-z0-9]+$/.test(key)) throw new Problem(0, "wrong_key", "");
    this.key = key;
    try {
      const { items } = await body(this.client.GET("/v1/stores"));
      if (items.length === 0) throw new Problem(0, "no_store", "");
      this.stores.value = items;
      this.issuers.value = (await body(this.client.GET("/v1/issuers"))).items;
      const before = sessionStorage.getItem(REMEMBERED);
      const known = items.length === 1 ? items[0] : items.find((one) => one.id === before);
      this.store.value = known ?? null;
      this.open.value = true;
    } catch (fault) {
      this.key = undefined;
      throw fault;
    }
  }

  choose(store: Store | null): void {
    this.store.value = store;
    if (store) sessionStorage.setItem(REMEMBERED, store.id);
  }

  leave(): void {
    this.key = undefined;
    this.open.value = false;
    this.store.value = null;
    this.operator.value = "";
  }
}
