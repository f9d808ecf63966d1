/** The alarm of an object whose clock is turned: kept by the platform, so that it outlives a kill as any other. */

/** Something owed, or a call open, means an alarm within so many ms. */
const watchMs = 10 * 60_000;
/** How much later it may be, since the machine's clock goes on meanwhile. */
const slackMs = 2_000;

/** From here on `storage` keeps alarms by the clock that is turned, which is `aheadMs()` ahead when each is set. */
export function turnedAlarm(storage: DurableObjectStorage, aheadMs: () => number): void {
  const [set, get] = [storage.setAlarm.bind(storage), storage.getAlarm.bind(storage)];
  const turned: Pick<DurableObjectStorage, "setAlarm" | "getAlarm"> = {
    setAlarm: (at, options) => set(Number(at) + aheadMs(), options),
    getAlarm: async (options) => {
      const at = await get(options);
      return at === null ? null : at - aheadMs();
    },
  };
  for (const [name, value] of Object.entries(turned)) Object.defineProperty(storage, name, { value });
}

/** What is owed or open though no alarm rings within ten minutes; `alarmInMs` is absent where none is set. */
export function unwatched(sql: SqlStorage, alarmInMs: number | undefined): string | undefined {
  if (alarmInMs !== undefined && alarmInMs <= watchMs + slackMs) return undefined;
  const count = (what: string) => Number(sql.exec(`SELECT count(*) AS n FROM ${what}`).one().n);
  const counts = [
    ["calls owed", count("calls WHERE due_at IS NOT NULL")],
    ["calls open", count("calls WHERE ended_at IS NULL")],
    ["recordings waited for", count("recordings WHERE due_at IS NOT NULL")],
  ] as const;
  const there = counts.filter(([, n]) => n > 0).map(([what, n]) => `${n} ${what}`);
  if (there.length === 0) return undefined;
  const alarm = alarmInMs === undefined ? "no alarm" : `the next alarm in ${Math.round(alarmInMs / 60_000)} minutes`;
  return `${there.join(", ")}, and ${alarm}`;
}
