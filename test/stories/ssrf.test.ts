/** A PBX, or whoever speaks for it, names places that are not the PBX's: none is asked, and nobody is told of them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sample } from "../standins/audio.ts";
import { type Handler, media } from "../standins/media.ts";
import { until } from "./harness.ts";
import { play, type Scene, setScene } from "./scene.ts";

/** In every hostile link: it must turn up nowhere. */
const bait = "bait-f3d0c2";
const token = "console-token-of-a-test";

/** By the id of a recording, where its link leads, or where the API itself does. */
const places = new Map<string, { readonly link?: string; readonly moved?: string }>();

let scene: Scene;
/** Ports that the PBX may not send us to. Whoever connects, in whatever protocol, has fallen for it. */
let trap: Trap;

beforeAll(async () => {
  trap = await startTrap();
  scene = await setScene({ handlers: [zadarmaApi, hops], secrets: { CONSOLE_TOKEN: token } });
});

// A PBX's API is asked so often a minute.
afterEach(() => scene.turn(3_000));

afterAll(async () => {
  await scene.close();
  await trap.close();
});

interface Trap {
  readonly port: number;
  /** How often somebody connected. */
  readonly caught: () => number;
  close(): Promise<void>;
}

/** On this machine's both addresses, where it has them. */
async function startTrap(): Promise<Trap> {
  let caught = 0;
  const listen = async (host: string, port: number): Promise<Server> => {
    const server = createServer((socket) => {
      caught++;
      socket.destroy();
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject).listen(port, host, resolve);
    await promise;
    return server;
  };
  const first = await listen("127.0.0.1", 0);
  const address = first.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const second = await listen("::1", port).catch(() => undefined);
  const servers = second ? [first, second] : [first];
  return {
    port,
    caught: () => caught,
    close: async () => {
      await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
    },
  };
}

/** Zadarma's API, which takes anybody at their word: what is looked at here is what becomes of its answer. */
function zadarmaApi(request: IncomingMessage, response: ServerResponse): boolean {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://none");
  if (pathname !== "/v1/pbx/record/request/") return false;
  const { link, moved } = places.get(searchParams.get("call_id") ?? "") ?? {};
  response.writeHead(moved ? 302 : 200, {
    "content-type": "application/json",
    ...(moved && { location: written(moved) }),
  });
  response.end(JSON.stringify({ status: "success", link }));
  return true;
}

/** `/hop?to=` leads there; the PBX's own host, which may be asked, misused as a springboard. */
const hops: Handler = (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://none");
  if (pathname !== "/hop") return false;
  response.writeHead(302, { location: written(searchParams.get("to") ?? "") }).end();
  return true;
};

/** As bytes of UTF-8, which is how a header comes by letters of other alphabets. */
function written(location: string): string {
  return Buffer.from(location).toString("latin1");
}

function hop(to: string): string {
  return `${scene.pbx.url}/hop?${new URLSearchParams({ to })}`;
}

/** An answered call whose recording is at `place`. */
async function recorded(id: string, place: { link?: string; moved?: string }): Promise<string> {
  const call = {
    pbx_call_id: `in_${id}`,
    caller_id: "+380671112233",
    called_did: "+380443334455",
  };
  places.set(`${id}.1`, place);
  await play(
    scene.zadarma.start(call),
    scene.zadarma.end({ ...call, internal: "100", duration: "33", disposition: "answered", is_recorded: "1" }),
    scene.zadarma.record({ pbx_call_id: call.pbx_call_id, call_id_with_rec: `${id}.1` }),
  );
  return call.pbx_call_id;
}

async function known(call: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${scene.trunkline.url}/api/calls/support/${call}`, { headers })).text();
}

const refusal = "Recording not available: the PBX names a place that recordings may not be fetched from";

type Hostile = readonly [title: string, link: () => string];

const hostile: Hostile[] = [
  ["another host", () => `https://${bait}.example/r.mp3`],
  ["this machine at another port", () => `http://127.0.0.1:${trap.port}/${bait}.mp3`],
  ["this machine by name", () => `http://localhost:${trap.port}/${bait}.mp3`],
  ["this machine by IPv6", () => `http://[::1]:${trap.port}/${bait}.mp3`],
  ["this machine by IPv6 in disguise", () => `http://[::ffff:127.0.0.1]:${trap.port}/${bait}.mp3`],
  ["this machine by one number", () => `http://2130706433:${trap.port}/${bait}.mp3`],
  ["this machine in octal and hexadecimal", () => `http://0177.0x1:${trap.port}/${bait}.mp3`],
  ["every address of this machine", () => `http://0.0.0.0:${trap.port}/${bait}.mp3`],
  ["this machine by TLS", () => `https://127.0.0.1:${trap.port}/${bait}.mp3`],
  ["the PBX's own host as a user at another", () => `http://api.zadarma.com@127.0.0.1:${trap.port}/${bait}.mp3`],
  ["an allowed origin with credentials", () => scene.pbx.url.replace("//", `//user:${bait}@`)],
  ["an allowed origin by another name", () => `${scene.pbx.url.replace("127.0.0.1", "localhost")}/${bait}.mp3`],
  ["a file", () => `file:///etc/${bait}`],
  ["itself", () => `data:audio/mpeg;base64,SUQz${bait}`],
  ["what is no address", () => `http://[${bait}`],
  ["an allowed host in the clear", () => `http://files.zadarma.com/${bait}.mp3`],
  ["an allowed host at another port", () => `https://files.zadarma.com:${trap.port}/${bait}.mp3`],
  ["the cloud's own address", () => `http://169.254.169.254/${bait}`],
  ["the cloud's own address by TLS", () => `https://169.254.169.254/${bait}`],
  ["a private network", () => `https://10.0.0.1/${bait}.mp3`],
  ["another private network", () => `https://172.16.0.1/${bait}.mp3`],
  ["a smaller private network", () => `https://192.168.0.1/${bait}.mp3`],
  ["a private network by IPv6", () => `https://[fd00::1]/${bait}.mp3`],
  ["a neighbour by IPv6", () => `https://[fe80::1]/${bait}.mp3`],
  ["a neighbour by IPv6, with the way there", () => `https://[fe80::1%25eth0]/${bait}.mp3`],
  ["this machine in hexadecimal", () => `http://0x7f000001:${trap.port}/${bait}.mp3`],
  ["an allowed host with a dot at its end", () => `https://files.zadarma.com./${bait}.mp3`],
  ["an allowed host in a fragment", () => `https://${bait}.example#.zadarma.com`],
  ["a host that ends alike", () => `https://evilzadarma.com/${bait}.mp3`],
  ["a host that begins alike", () => `https://files.zadarma.com.${bait}.example/r.mp3`],
  ["a host that looks alike", () => `https://files.zаdarma.com/${bait}.mp3`],
];

/** Staff read that there is no recording, and the first that could not be had is not asked for again. */
async function refused(call: string): Promise<void> {
  const { ticket } = await scene.call(call, ({ ticket }) => ticket.comments.some((said) => said.includes("Recording")));
  expect(ticket.recordings).toEqual([]);
  expect(ticket.comments.at(-1)).toBe(refusal);
  expect(JSON.parse(await known(call))).toMatchObject({ recordings: [{ state: "gone" }] });
}

describe("nothing is fetched from", () => {
  test.each(hostile.map(([title, link], i) => [title, i, link] as const))("%s", async (_, i, link) => {
    await refused(await recorded(`link_${i}`, { link: link() }));
  });

  test.each(hostile.map(([title, link], i) => [title, i, link] as const))("%s, by a redirect", async (_, i, link) => {
    await refused(await recorded(`hop_${i}`, { link: hop(link()) }));
  });

  test.each(hostile.map(([title, link], i) => [title, i, link] as const))(
    "%s, to which the API itself redirects",
    async (_, i, moved) => {
      await refused(await recorded(`moved_${i}`, { moved: moved() }));
    },
  );

  test.each<[string, () => string]>([
    ["this machine by a redirect of a redirect", () => hop(hop(`http://127.0.0.1:${trap.port}/${bait}`))],
    ["where a redirect without a scheme leads", () => hop(`//127.0.0.1:${trap.port}/${bait}`)],
    ["where a redirect with backslashes leads", () => hop(`\\\\127.0.0.1:${trap.port}\\${bait}`)],
  ])("%s", async (title, link) => {
    await refused(await recorded(title.replaceAll(" ", "-"), { link: link() }));
  });
});

test("redirects come to an end, though all are to where they may be", async () => {
  const link = Array.from({ length: 8 }).reduce<string>((to) => hop(to), `${scene.pbx.url}/r.mp3`);
  const call = await recorded("endless", { link });
  await until("it to be found out", async () => (await known(call)).includes("redirects without end"));
});

test("a redirect to the PBX's own origin is followed, without credentials", async () => {
  const bytes = await sample("mp3");
  scene.files.set("/there.mp3", media({ source: bytes }));
  const call = await recorded("good", { link: hop(`${scene.pbx.url}/there.mp3`) });
  await scene.call(call, ({ ticket }) => ticket.recordings.length === 1);
  const asked = scene.pbx.requests.filter(({ path }) => path === "/hop" || path === "/there.mp3");
  expect(asked.filter(({ headers }) => "authorization" in headers)).toEqual([]);
});

test("of all this nobody fell into the trap, and nobody was told where it is", async () => {
  expect(trap.caught()).toBe(0);
  await fetch(`http://127.0.0.1:${trap.port}/`).catch(() => undefined);
  expect(trap.caught()).toBe(1);
  expect(scene.pbx.unexpected).toEqual([]);
  const headers = { authorization: `Bearer ${token}` };
  const list = await (await fetch(`${scene.trunkline.url}/api/calls`, { headers })).text();
  const calls = await Promise.all(scene.system.calls.map(({ pbxCallId = "" }) => known(pbxCallId)));
  expect(calls.length).toBeGreaterThan(hostile.length * 3);
  for (const said of [JSON.stringify(scene.system.requests), list, ...calls]) {
    expect(said).not.toContain(bait);
    expect(said).not.toContain(String(trap.port));
  }
});
