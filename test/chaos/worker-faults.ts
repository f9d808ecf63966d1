/** How the platform under Trunkline fails during a run: a database that takes no writes, a bucket that is not there. */
import type { Counts } from "./counts.ts";
import type { Random } from "./random.ts";

export interface Trouble {
  /** Of deliveries, in [0, 1]; a write fails much less often. */
  share: number;
  readonly drawn: Random;
  counts: Counts;
}

/** How often a write fails where every delivery would. */
const ofWrites = 0.015;

/** From here on, writes of `storage` fail now and then, before they changed anything. */
export function failingStorage(storage: DurableObjectStorage, trouble: Trouble): void {
  const { sql } = storage;
  const exec: SqlStorage["exec"] = (query, ...values) => {
    if (/^\s*(INSERT|DELETE)/.test(query) && trouble.drawn.chance(trouble.share * ofWrites)) {
      trouble.counts.add("storage refused a write");
      throw new Error("database or disk is full: SQLITE_FULL");
    }
    return sql.exec(query, ...values);
  };
  Object.defineProperty(storage, "sql", { value: { exec } });
}

/** `bucket` as it is, but for what fails. */
export function failingBucket(bucket: R2Bucket, trouble: Trouble): R2Bucket {
  const { drawn } = trouble;
  const fails = () => drawn.chance(trouble.share / 2);
  const noted = (kind: string) => {
    trouble.counts.add(`archive ${kind}`);
    return new Error(`${kind}: we encountered an internal error (10001)`);
  };
  const failing: Pick<R2Bucket, "put" | "get" | "createMultipartUpload"> = {
    put: (async (key: string, body: ReadableStream, options?: R2PutOptions) => {
      const failing = fails();
      if (failing && drawn.chance(0.5)) throw noted("refused");
      const stored = await bucket.put(key, body, options);
      if (failing) throw noted("took it, and said no");
      return stored;
    }) as R2Bucket["put"],
    createMultipartUpload: async (key, options) => {
      if (fails()) throw noted("refused");
      return bucket.createMultipartUpload(key, options);
    },
    get: (async (key: string) => {
      const failing = fails();
      if (failing && drawn.chance(0.5)) throw noted("gave nothing");
      const object = await bucket.get(key);
      return object && failing ? brokenOff(object, drawn, noted) : object;
    }) as R2Bucket["get"],
  };
  return new Proxy(bucket, {
    get: (target, name) => {
      if (name in failing) return failing[name as keyof typeof failing];
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The object's first bytes, and no more. */
function brokenOff(object: R2ObjectBody, random: Random, noted: (kind: string) => Error): R2ObjectBody {
  let left = random.between(0, object.size - 1);
  const error = noted("broke off");
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      if (chunk.byteLength > left) return controller.error(error);
      left -= chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  const { key, size, httpMetadata } = object;
  return { key, size, httpMetadata, body: object.body.pipeThrough(cut) } as unknown as R2ObjectBody;
}
