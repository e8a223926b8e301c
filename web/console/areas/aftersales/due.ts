/** How long until something is due. */
export interface Due {
  over: boolean;
  soon: boolean;
  days: number;
  hours: number;
  minutes: number;
}

const SOON = 6 * 60;

export function due(at: string | null, now: number): Due | null {
  if (!at) return null;
  const left = Math.floor((Date.parse(at) - now) / 60_000);
  const whole = Math.abs(left);
  return {
    over: left < 0,
    soon: left >= 0 && left < SOON,
    days: Math.floor(whole / 1440),
    hours: Math.floor((whole % 1440) / 60),
    minutes: whole % 60,
  };
}
