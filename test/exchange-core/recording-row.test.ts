import { describe, expect, test } from "vitest";
import { fold } from "../../src/calls/call.ts";
import type { Recording } from "../../src/calls/event.ts";
import {
  announce,
  fetched,
  leaveAlone,
  type RecordingRow,
  remarksOn,
  retried,
} from "../../src/exchange/recording-row.ts";
import type { Fetched } from "../../src/recordings/courier.ts";
import { at, comesIn } from "../calls/heard.ts";

const now = Date.UTC(2026, 8, 1, 9, 0, 0);
const expectedAfterMs = 10_000;
const row: RecordingRow = {
  channel: "support",
  call: "c1",
  id: "r1",
  part: 0,
  state: "waiting",
  ready: false,
  attempt: 0,
};
const ready: RecordingRow = { ...row, ready: true };
const placeholder: RecordingRow = { ...row, id: "", dueAt: now + 5_000 };

function announced(said: readonly Partial<Recording>[], known: readonly RecordingRow[] = []) {
  const recordings = said.map((recording, i) => at(i, { recording: { id: "r1", status: "ready", ...recording } }));
  const call = fold("c1", [comesIn(), ...recordings]);
  const { put, remove } = announce("support", call, known, now, expectedAfterMs);
  return { put, remove };
}

describe("what a call says of its recordings makes", () => {
  const [named, promised]: Partial<Recording>[] = [{ id: "r1" }, { id: "", status: "expected" }];

  test.each<[string, Partial<Recording>[], RecordingRow[], { put: object[]; remove?: object[] }]>([
    ["nothing of nothing", [], [], { put: [] }],
    [
      "a row to fetch now of one that is ready",
      [{ id: "r1", url: "https://a.example/1" }],
      [],
      {
        put: [{ ...ready, url: "https://a.example/1", dueAt: now }],
      },
    ],
    [
      "a row to fetch later of one that is expected",
      [{ status: "expected" }],
      [],
      { put: [{ ...row, dueAt: now + expectedAfterMs }] },
    ],
    [
      "a row without a name of one that is only promised",
      [promised ?? {}],
      [],
      { put: [{ ...placeholder, dueAt: now + expectedAfterMs }] },
    ],
    ["nothing to fetch of one that will not be", [{ status: "absent" }], [], { put: [{ ...row, state: "absent" }] }],
    [
      "a row for every id",
      [{ id: "r1" }, { id: "r2" }],
      [],
      {
        put: [
          { id: "r1", part: 0 },
          { id: "r2", part: 0 },
        ],
      },
    ],
    ["nothing new of one of which more parts are known", [named ?? {}], [ready, { ...ready, part: 1 }], { put: [] }],
    ["nothing new of what is known", [named ?? {}], [{ ...ready, dueAt: now }], { put: [] }],
    ["nothing new of what is still only expected", [{ status: "expected" }], [{ ...row, dueAt: now + 9 }], { put: [] }],
    [
      "haste of what was only expected",
      [{ url: "https://a.example/1" }],
      [{ ...row, dueAt: now + 9_000 }],
      { put: [{ ...ready, url: "https://a.example/1", dueAt: now }] },
    ],
    [
      "a new beginning of what was only expected and asked for in vain",
      [named ?? {}],
      [{ ...row, attempt: 7, dueAt: now + 180_000, problem: "the PBX answered 404" }],
      { put: [{ ...ready, dueAt: now, attempt: 0 }] },
    ],
    [
      "a new beginning of what was only expected and given up",
      [named ?? {}],
      [{ ...row, state: "gone", attempt: 9, problem: "the PBX answered 404" }],
      { put: [{ ...ready, dueAt: now, attempt: 0 }] },
    ],
    [
      "an end to waiting for what will not be",
      [{ status: "absent" }],
      [{ ...row, dueAt: now + 9 }],
      { put: [{ ...row, state: "absent" }] },
    ],
    [
      "a name for a placeholder, which goes",
      [named ?? {}],
      [placeholder],
      { put: [{ ...ready, dueAt: now }], remove: [placeholder] },
    ],
    [
      "nothing of a name for what was fetched without one",
      [named ?? {}],
      [{ ...placeholder, state: "stored" }],
      { put: [] },
    ],
    [
      "one more to fetch without a name where more are named than there were then",
      [named ?? {}, { ...named, id: "r2" }],
      [{ ...placeholder, state: "attached" }],
      { put: [{ ...row, id: "", part: 1, ready: true, dueAt: now }] },
    ],
    [
      "nothing more where that was done before",
      [named ?? {}, { ...named, id: "r2" }],
      [
        { ...placeholder, state: "attached" },
        { ...placeholder, part: 1, ready: true },
      ],
      { put: [] },
    ],
    [
      "nothing of a name for what was attached without one",
      [named ?? {}],
      [{ ...placeholder, state: "attached" }],
      { put: [] },
    ],
    [
      "nothing of a name for what a part was fetched of without one",
      [named ?? {}],
      [{ ...placeholder, key: "support/2026/09/01/c1/recording.wav" }],
      { put: [] },
    ],
    [
      "a row of a name that comes after the placeholder was denied",
      [named ?? {}],
      [{ ...placeholder, state: "absent" }],
      { put: [{ ...ready, dueAt: now }], remove: [{ ...placeholder, state: "absent" }] },
    ],
    [
      "a row of a name that comes after the placeholder was given up",
      [named ?? {}],
      [{ ...placeholder, state: "gone" }],
      { put: [{ ...ready, dueAt: now }], remove: [{ ...placeholder, state: "gone" }] },
    ],
    [
      "a row to fetch of one that was denied before",
      [named ?? {}],
      [{ ...row, state: "absent" }],
      { put: [{ ...ready, dueAt: now }] },
    ],
    ["nothing of one that is done with", [named ?? {}], [{ ...row, state: "attached" }], { put: [] }],
    ["nothing of one that was there and given up", [named ?? {}], [{ ...ready, state: "gone" }], { put: [] }],
    [
      "no haste of one that was tried already, but its address",
      [{ url: "https://a.example/1" }],
      [{ ...ready, attempt: 2, dueAt: now + 9_000 }],
      { put: [{ ...ready, attempt: 2, url: "https://a.example/1", dueAt: now + 9_000 }] },
    ],
  ])("%s", (_, said, known, { put, remove = [] }) => {
    const changes = announced(said, known);
    expect(changes.put).toHaveLength(put.length);
    expect(changes.put).toMatchObject(put);
    expect(changes.remove).toEqual(remove);
  });

  test("a new beginning that forgets why it was not there", () => {
    const { put } = announced([{ id: "r1" }], [{ ...row, state: "gone", problem: "the PBX answered 404" }]);
    expect(put.map(({ problem }) => problem)).toEqual([undefined]);
  });

  test("nothing more when it is said again", () => {
    const said = [{ id: "", status: "expected" }, { id: "r1" }, { id: "r2" }, { id: "r3", status: "absent" }] as const;
    const { put } = announced(said);
    expect(put.map(({ id }) => id)).toEqual(["r1", "r2", "r3"]);
    expect(announced(said, put)).toEqual({ put: [], remove: [] });
  });
});

test("a call whose audio is to be left alone has none to wait for, and keeps what it has", () => {
  const known = [placeholder, { ...ready, dueAt: now }, { ...row, id: "r2", state: "stored" as const }];
  expect(leaveAlone(known)).toEqual([
    { ...placeholder, state: "absent", dueAt: undefined },
    { ...ready, state: "absent", ready: false, dueAt: undefined },
  ]);
});

test("a recording that was left alone is fetched should its call turn out to be no exception", () => {
  const [left] = leaveAlone([{ ...ready, dueAt: now }]);
  if (!left) throw new Error("nothing was left alone");
  expect(announced([{ id: "r1" }], [left]).put).toMatchObject([{ ...ready, dueAt: now }]);
});

describe("a try to fetch makes", () => {
  const handling = {
    max_bytes: 1000,
    deadline: now + 60_000,
    archiveDeadline: now + 600_000,
    now,
    backoff: (attempt: number) => attempt * 10_000,
  };
  const mp3 = { extension: "mp3", type: "audio/mpeg" } as const;
  const stored: Extract<Fetched, { kind: "stored" }> = {
    kind: "stored",
    key: "support/2026/09/01/c1/r1.mp3",
    bytes: 900,
    media: mp3,
  };
  const later: Fetched = { kind: "later", why: "the PBX answered 404" };

  test.each<[string, RecordingRow, Fetched, object[]]>([
    [
      "something to attach",
      row,
      stored,
      [{ state: "stored", key: "support/2026/09/01/c1/r1.mp3", bytes: 900, type: "audio/mpeg" }],
    ],
    ["something to attach that is just small enough", row, { ...stored, bytes: 1000 }, [{ state: "stored" }]],
    [
      "something to keep, being too large",
      row,
      { ...stored, bytes: 1001 },
      [{ state: "kept", problem: "it has 1001 bytes, more than the 1000 allowed" }],
    ],
    [
      "something to keep, being no audio that the system takes",
      row,
      { ...stored, media: undefined },
      [{ state: "kept", problem: "it is no mp3, mp4, wav or ogg" }],
    ],
    ["a wait", row, later, [{ state: "waiting", attempt: 1, dueAt: now + 10_000, problem: "the PBX answered 404" }]],
    ["a longer wait", { ...row, attempt: 3 }, later, [{ state: "waiting", attempt: 4, dueAt: now + 40_000 }]],
    ["an end, where the wait would be over by then", { ...row, attempt: 6 }, later, [{ state: "gone", attempt: 7 }]],
    [
      "a wait beyond that, where R2 is why",
      { ...row, attempt: 6 },
      { kind: "failed", why: "the archive failed" },
      [{ state: "waiting", attempt: 7, dueAt: now + 70_000, problem: "the archive failed" }],
    ],
    [
      "an end of that too",
      { ...row, attempt: 60 },
      { kind: "failed", why: "the archive failed" },
      [{ state: "gone", problem: "the archive failed" }],
    ],
    [
      "a wait for the rest of one that says that it is longer",
      row,
      { ...stored, short: true },
      [{ state: "waiting", attempt: 1, key: stored.key, bytes: 900, problem: "it is shorter than it says" }],
    ],
    [
      "a longer wait where there was less before",
      { ...row, attempt: 1, key: stored.key, bytes: 800 },
      { ...stored, short: true },
      [{ state: "waiting", attempt: 2, bytes: 900 }],
    ],
    [
      "something to attach of one that came twice alike, whatever it says",
      { ...row, attempt: 1, key: stored.key, bytes: 900 },
      { ...stored, short: true },
      [{ state: "stored", problem: undefined }],
    ],
    [
      "something to attach of what there is, where the rest never comes",
      { ...row, attempt: 1, key: stored.key, bytes: 900, type: "audio/wav" },
      { kind: "never", why: "the PBX answered 410" },
      [{ state: "stored", bytes: 900, problem: "it is shorter than it says" }],
    ],
    [
      "something to keep of what there is, where that is too large",
      { ...row, attempt: 6, key: stored.key, bytes: 1001, type: "audio/wav" },
      later,
      [{ state: "kept", problem: "it has 1001 bytes, more than the 1000 allowed" }],
    ],
    [
      "an end, where it will never come",
      row,
      { kind: "never", why: "the PBX answered 410" },
      [{ state: "gone", problem: "the PBX answered 410" }],
    ],
    [
      "as many as its id stands for",
      row,
      { ...stored, parts: 3 },
      [
        { state: "stored", part: 0 },
        { state: "waiting", part: 1, ready: true, attempt: 0, dueAt: now },
        { state: "waiting", part: 2, ready: true, attempt: 0, dueAt: now },
      ],
    ],
    ["one of a later part", { ...row, part: 1 }, { ...stored, parts: 3 }, [{ state: "stored", part: 1 }]],
  ])("%s", (_, before, result, after) => {
    const rows = fetched(before, result, handling);
    expect(rows).toHaveLength(after.length);
    expect(rows).toMatchObject(after);
  });

  test("nothing due of what is done with, and no problem of what worked in the end", () => {
    const [done] = fetched({ ...row, dueAt: now, problem: "the PBX answered 404" }, stored, handling);
    expect([done?.dueAt, done?.problem]).toEqual([undefined, undefined]);
    const [gone] = fetched({ ...row, dueAt: now }, { kind: "never", why: "no" }, handling);
    expect(gone?.dueAt).toBeUndefined();
  });
});

describe("a replay makes", () => {
  const key = "support/2026/09/01/c1/r1.mp3";
  const kept = {
    ...row,
    state: "kept",
    key,
    bytes: 900,
    type: "audio/mpeg",
    problem: "the system refused it",
  } as const;

  test.each<[string, RecordingRow, object | undefined]>([
    [
      "something to fetch of what is gone",
      { ...row, state: "gone", attempt: 9 },
      { state: "waiting", attempt: 0, dueAt: now },
    ],
    ["something to attach of what the system did not take", kept, { state: "stored", key, problem: undefined }],
    ["nothing of what is too large still", { ...kept, bytes: 1001 }, undefined],
    ["nothing of what is no audio that the system takes", { ...kept, type: undefined }, undefined],
    ["nothing of what is attached", { ...kept, state: "attached" }, undefined],
    ["nothing of what is under way", { ...row, dueAt: now + 9 }, undefined],
  ])("%s", (_, before, after) => {
    const again = retried(before, 1000, now);
    if (after === undefined) expect(again).toBeUndefined();
    else expect(again).toMatchObject(after);
  });

  test("something to fetch that is not taken for what was there before", () => {
    const gone = { ...kept, state: "gone", problem: "it is not in the archive any more" } as const;
    const { key: left, bytes, problem } = retried(gone, 1000, now) ?? gone;
    expect([left, bytes, problem]).toEqual([undefined, undefined, undefined]);
  });
});

test("staff read once of each reason why there is no recording, and of none that may come", () => {
  const kept = { ...row, state: "kept", problem: "it is too large for the system" } as const;
  const gone = { ...row, state: "gone" } as const;
  const rows = [kept, { ...kept, part: 1 }, gone, { ...row, state: "absent" as const }, row];
  expect(remarksOn(rows)).toEqual([
    "Recording not attached: it is too large for the system; it is kept in the archive",
    "Recording not available: it never came",
  ]);
  expect(remarksOn([row, { ...row, state: "attached" }])).toEqual([]);
  const short = { ...row, state: "attached", problem: "it is shorter than it says" } as const;
  expect(remarksOn([short])).toEqual(["Recording may be incomplete: it is shorter than it says"]);
});
