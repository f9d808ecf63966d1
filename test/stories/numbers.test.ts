/** A number means what its PBX says it means, and no customer is taken for a colleague. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Fields } from "../standins/zadarma.ts";
import { play, type Scene, setScene } from "./scene.ts";

let scene: Scene;

beforeAll(async () => {
  const quiet = { recordings: { enabled: false } };
  scene = await setScene({
    support: { ...quiet, country: "DE" },
    sales: { ...quiet, country: "UA", extensions: ["100-199"], twilio: { caller_id: "+380441234567" } },
  });
});

afterAll(() => scene.close());

let calls = 0;
const incoming = (fields: Fields) => ({ pbx_call_id: `in_${calls++}`, called_did: "493012345678", ...fields });
const outgoing = (fields: Fields) => ({ pbx_call_id: `out_${calls++}`, internal: "100", ...fields });
const ticketOf = async (id: string) => (await scene.call(id)).phone;

describe("at Zadarma", () => {
  test.each([
    ["from abroad, without its plus", "380501112233", "+380501112233"],
    ["of the country, without its plus", "4915112345678", "+4915112345678"],
    ["from abroad, with 00", "00380501112234", "+380501112234"],
    ["of a SIP user", "312233", "312233"],
    ["of a service", "0611", "0611"],
  ])("a caller %s", async (_, caller_id, phone) => {
    const call = incoming({ caller_id });
    await play(scene.zadarma.start(call));
    expect(await ticketOf(call.pbx_call_id)).toBe(phone);
  });

  test.each([
    ["of the country", "0151 12345678", "+4915112345678"],
    ["of another", "+380501112233", "+380501112233"],
    ["that is local", "22334455", "22334455"],
    ["of six digits", "223344", "223344"],
    ["of three digits: an emergency", "112", "112"],
  ])("an agent dials a number %s", async (_, destination, phone) => {
    const call = outgoing({ destination });
    await play(scene.zadarma.outStart(call));
    expect(await ticketOf(call.pbx_call_id)).toBe(phone);
  });

  test("a customer who is handed from one extension to another stays one", async () => {
    const call = incoming({ caller_id: "+380501112235" });
    const handed = { ...call, caller_id: "100", called_did: "101", internal: "101" };
    await play(scene.zadarma.internal(handed), scene.zadarma.start(call));
    expect(await ticketOf(call.pbx_call_id)).toBe("+380501112235");
  });

  test("a call between extensions makes no ticket", async () => {
    const [between, after] = [outgoing({ destination: "101" }), outgoing({ destination: "112" })];
    await play(scene.zadarma.outStart(between), scene.zadarma.outStart(after));
    await scene.call(after.pbx_call_id);
    expect(scene.system.calls.filter(({ pbxCallId }) => pbxCallId === between.pbx_call_id)).toEqual([]);
  });
});

describe("at Twilio", () => {
  const dials = (user: string) =>
    scene.twilio.inbound("sip:101@acme.sip.twilio.com", `sip:${user}@acme.sip.twilio.com`);

  test.each([
    ["as at home", "0501234567", "+380501234567"],
    ["of an emergency, which is beyond the extensions", "911", "911"],
  ])("a desk phone dials a number %s", async (_, user, phone) => {
    const leg = dials(user);
    await play(scene.twilio.voice(leg));
    expect(await ticketOf(leg.sid)).toBe(phone);
  });

  test("a desk phone that dials an extension makes no ticket", async () => {
    const [between, after] = [dials("102"), dials("0501234567")];
    await play(scene.twilio.voice(between), scene.twilio.voice(after));
    await scene.call(after.sid);
    expect(scene.system.calls.filter(({ pbxCallId }) => pbxCallId === between.sid)).toEqual([]);
  });
});
