/** Zadarma's clock: it writes times as the account's wall clock shows them, and never says in which zone. */

const offset = /^UTC(?:([+-])(\d{1,2})(?::?(\d{2}))?)?$/i;

/** The zone as `Intl` knows it, from an IANA name or from what Zadarma itself calls it: `UTC+3`, `UTC-03:30`. */
export function zoneNamed(name: string): string | undefined {
  const [matched, sign = "+", hours = "0", minutes = "00"] = offset.exec(name) ?? [];
  const zone = matched === undefined ? name : `${sign}${hours.padStart(2, "0")}:${minutes}`;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return undefined;
  }
}

const written = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})$/;
const dayMs = 24 * 60 * 60 * 1000;

/**
 * `YYYY-MM-DD HH:MM:SS` in `zone` (as `zoneNamed` gives it; undefined where nobody knows it) as ms since the epoch;
 * undefined for what is no time. An hour
 * that the clock shows twice is the first one; one that it skips counts on from before the skip.
 */
export function instantOf(wallClock: string, zone: string | undefined): number | undefined {
  const digits = written.exec(wallClock)?.slice(1).map(Number);
  if (!digits || zone === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = digits;
  const shown = Date.UTC(year, month - 1, day, hour, minute, second);
  if (new Date(shown).toISOString().slice(0, 19) !== wallClock.replace(" ", "T")) return undefined;
  const offsetAt = offsetsOf(zone);
  // Clocks do not change twice within two days: one of these two offsets is in force.
  const before = shown - offsetAt(shown - dayMs);
  const after = shown - offsetAt(shown + dayMs);
  const shows = [before, after].filter((instant) => instant + offsetAt(instant) === shown);
  return shows.length > 0 ? Math.min(...shows) : before;
}

/** How the clocks of `zone` show an instant; those of UTC where nobody knows it. */
export function wallClockOf(instant: number, zone: string | undefined): string {
  const shown = instant + (zone === undefined ? 0 : offsetsOf(zone)(instant));
  return new Date(shown).toISOString().slice(0, 19).replace("T", " ");
}

/** How far the zone's clocks are ahead of UTC at an instant, both in ms. */
function offsetsOf(zone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
  return (instant) => {
    const name = format.formatToParts(instant).find((part) => part.type === "timeZoneName")?.value ?? "";
    const [, sign = "+", hours = "0", minutes = "0"] = /GMT([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
    return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60 * 1000;
  };
}
