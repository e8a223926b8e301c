import type { Schemas } from "@shared/api/client";

export const KINDS = ["site", "app", "mini-program", "taobao", "douyin", "agent"] as const;

export interface ChannelForm {
  id: string;
  name: string;
  kind: (typeof KINDS)[number];
  enabled: boolean;
  shared_too: boolean;
  origins: string[];
}

export function emptyChannel(): ChannelForm {
  return { id: "", name: "", kind: "site", enabled: true, shared_too: true, origins: [] };
}

export function channelFormOf(view: Schemas["ChannelView"]): ChannelForm {
  return { id: view.id, name: view.name, kind: view.kind, enabled: view.enabled ?? true, shared_too: view.shared_too ?? true, origins: [...(view.origins ?? [])] };
}

/** An origin is scheme, host and port alone: what somebody pastes from an address bar is cut down to it. */
export function originOf(text: string): string {
  try {
    const { origin } = new URL(text.trim());
    return origin === "null" ? text.trim() : origin;
  } catch {
    return text.trim();
  }
}

export function channelBody({ name, kind, enabled, shared_too, origins }: ChannelForm): Omit<Schemas["ChannelChange"], "version"> {
  return { name: name.trim(), kind, enabled, shared_too, origins: [...new Set(origins.map(originOf).filter(Boolean))] };
}
