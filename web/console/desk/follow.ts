import { live } from "../ui/live";

/** Asks again every few seconds while something is under way, as long as somebody looks. */
export function follow(again: () => Promise<unknown>, underWay: () => boolean, every = 4000): void {
  live(again, every / 1000, underWay);
}
