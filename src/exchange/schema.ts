/** The Exchange's tables. docs/storage.md explains every column. */

/**
 * One entry a version, applied in order, never changed once released. Every column is typed, because workerd binds
 * numbers as REAL and an untyped column would keep 5.0 (seen 2026-11).
 */
export const migrations: readonly string[] = [
  `CREATE TABLE events (
     channel TEXT NOT NULL, call TEXT NOT NULL, id TEXT NOT NULL,
     heard_at INTEGER NOT NULL, event TEXT NOT NULL,
     PRIMARY KEY (channel, call, id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE calls (
     channel TEXT NOT NULL, call TEXT NOT NULL,
     direction TEXT, phone TEXT, line TEXT, status TEXT NOT NULL, ignored TEXT,
     started_at INTEGER NOT NULL, ended_at INTEGER, heard_at INTEGER NOT NULL,
     told TEXT NOT NULL, class INTEGER, due_at INTEGER, audio_excepted INTEGER NOT NULL DEFAULT 0,
     PRIMARY KEY (channel, call)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX calls_due ON calls (class, due_at) WHERE due_at IS NOT NULL;
   CREATE INDEX calls_started ON calls (started_at);
   CREATE INDEX calls_heard ON calls (channel, heard_at);
   CREATE INDEX calls_open ON calls (channel, heard_at) WHERE ended_at IS NULL;
   CREATE TABLE recordings (
     channel TEXT NOT NULL, call TEXT NOT NULL, id TEXT NOT NULL, part INTEGER NOT NULL,
     state TEXT NOT NULL, url TEXT, key TEXT, bytes INTEGER, type TEXT,
     ready INTEGER NOT NULL, due_at INTEGER, attempt INTEGER NOT NULL DEFAULT 0, problem TEXT,
     PRIMARY KEY (channel, call, id, part)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX recordings_due ON recordings (due_at) WHERE due_at IS NOT NULL;
   CREATE TABLE malformed (
     number INTEGER PRIMARY KEY, channel TEXT NOT NULL, heard_at INTEGER NOT NULL,
     field TEXT NOT NULL, problem TEXT NOT NULL, method TEXT NOT NULL, type TEXT, query TEXT NOT NULL, body TEXT NOT NULL
   ) STRICT;
   CREATE TABLE memory (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
  `ALTER TABLE calls ADD COLUMN owed_since INTEGER;
   ALTER TABLE calls ADD COLUMN stuck INTEGER NOT NULL DEFAULT 0;
   UPDATE calls SET owed_since = heard_at WHERE due_at IS NOT NULL;
   UPDATE calls SET stuck = 1 WHERE due_at IS NULL AND (json_extract(told, '$.refused') IS NOT NULL
     OR json_extract(told, '$.notBefore') = 9007199254740991);
   DROP INDEX calls_due;
   CREATE INDEX calls_queue ON calls (channel, class, due_at, owed_since) WHERE due_at IS NOT NULL;
   CREATE INDEX calls_stuck ON calls (started_at) WHERE stuck = 1;
   CREATE TABLE inquiries (
     channel TEXT NOT NULL, call TEXT NOT NULL,
     asked_at INTEGER NOT NULL, due_at INTEGER NOT NULL, vain INTEGER NOT NULL, alive_since INTEGER,
     PRIMARY KEY (channel, call)
   ) STRICT, WITHOUT ROWID;`,
  // What retention looks for is led to by the very words of its query (`done` in store.ts), past all that is owed.
  `DROP INDEX calls_heard;
   CREATE INDEX calls_done ON calls (channel, heard_at)
     WHERE due_at IS NULL AND stuck = 0 AND (ignored IS NOT NULL OR json_extract(told, '$.create') = 'done');
   CREATE INDEX calls_of_channel ON calls (channel, started_at);`,
  // What a call was begun under. A call that was told, or was to be, before its end is of a live channel; of the others that of today counts.
  // Each call is in one index by when it was heard of, over or open, and each recording in its channel's: none is read in vain.
  // Lists are read a channel at a time: so the number finds its calls at no more entries than before.
  `ALTER TABLE calls ADD COLUMN mode TEXT;
   ALTER TABLE calls ADD COLUMN key_digest TEXT;
   ALTER TABLE calls ADD COLUMN untold INTEGER NOT NULL DEFAULT 0;
   UPDATE calls SET mode = 'live' WHERE json_extract(told, '$.status') IN ('ringing', 'in-progress')
     OR ended_at IS NULL AND (json_extract(told, '$.create') <> 'none' OR due_at IS NOT NULL OR stuck = 1);
   UPDATE calls SET untold = 1 WHERE direction IS NULL AND due_at IS NULL AND stuck = 0 AND ignored IS NULL
     AND json_extract(told, '$.create') = 'none';
   DROP INDEX calls_done;
   DROP INDEX calls_open;
   DROP INDEX recordings_due;
   DROP INDEX calls_started;
   DROP INDEX calls_stuck;
   CREATE INDEX calls_over ON calls (channel, heard_at) WHERE ended_at IS NOT NULL;
   CREATE INDEX calls_open ON calls (channel, status, heard_at) WHERE ended_at IS NULL;
   CREATE INDEX calls_of_phone ON calls (channel, phone, started_at) WHERE phone IS NOT NULL;
   CREATE INDEX calls_stuck ON calls (channel, started_at) WHERE stuck = 1;
   CREATE INDEX calls_untold ON calls (channel, started_at) WHERE untold = 1;
   CREATE INDEX recordings_due ON recordings (channel, due_at) WHERE due_at IS NOT NULL;
   CREATE TABLE legs (
     channel TEXT NOT NULL, leg TEXT NOT NULL, call TEXT NOT NULL,
     PRIMARY KEY (channel, leg)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX legs_of_call ON legs (channel, call);`,
];

/** Brings the tables to the newest version. `PRAGMA user_version` is refused by the platform, so a table holds it. */
export function migrate(storage: DurableObjectStorage): void {
  storage.transactionSync(() => {
    storage.sql.exec("CREATE TABLE IF NOT EXISTS version (number INTEGER NOT NULL) STRICT");
    const [row] = storage.sql.exec<{ number: number }>("SELECT number FROM version").toArray();
    const from = row?.number ?? 0;
    for (const statements of migrations.slice(from)) storage.sql.exec(statements);
    // An older Worker that meets newer tables leaves them, and their number, as they are.
    if (from >= migrations.length) return;
    storage.sql.exec("DELETE FROM version");
    storage.sql.exec("INSERT INTO version (number) VALUES (?)", migrations.length);
  });
}
