/** What must hold after every transaction of an Exchange: whatever is owed, or has no end yet, has an alarm that leads to it. */

/** How soon the alarm must ring then, in ms. */
const soonMs = 10 * 60_000;

/** Transactions after which that did not hold, in words. */
export const unheld: string[] = [];

const unwatched = new WeakMap<SqlStorage, SqlStorage["exec"]>();

/** `sql` without the look after it, for what a test itself does to the tables. */
export function unseen(sql: SqlStorage): SqlStorage["exec"] {
  return unwatched.get(sql) ?? sql.exec.bind(sql);
}

/** From here on, `storage` is looked at after every transaction, which is the writes that no await parts. */
export function watch(storage: DurableObjectStorage): void {
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  unwatched.set(sql, exec);
  let looking = false;
  const watched: typeof exec = (query, ...bindings) => {
    if (/^\s*(INSERT|UPDATE|DELETE)/.test(query) && !looking) {
      looking = true;
      queueMicrotask(async () => {
        looking = false;
        const [alarm, now] = [storage.getAlarm(), Date.now()];
        const owed = owedIn(exec);
        const at = await alarm;
        if (owed && (at === null || at > now + soonMs))
          unheld.push(`${owed}, and the alarm is ${at ?? "not set"}: ${query}`);
      });
    }
    return exec(query, ...bindings);
  };
  Object.defineProperty(sql, "exec", { value: watched, configurable: true });
}

/** Something that is owed or has no end yet, of whatever channel. */
export function owedIn(exec: SqlStorage["exec"]): string | undefined {
  const owed = exec(
    `SELECT 'call ' || channel || '/' || call AS what FROM calls WHERE due_at IS NOT NULL OR ended_at IS NULL UNION ALL
     SELECT 'recording ' || channel || '/' || call FROM recordings WHERE due_at IS NOT NULL LIMIT 1`,
  ).toArray();
  return owed[0] && String(owed[0].what);
}
