/** How the helpdesk's page is put together: HTML that escapes by itself, its style and its script. */
import { createHash } from "node:crypto";

/** Text that is HTML already. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | readonly Markup[];

/** A template whose values are escaped unless they are `Markup`: everything that is shown came from outside. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Markup {
  return new Markup(strings.map((string, i) => string + shown(values[i] ?? "")).join(""));
}

html.raw = (text: string): Markup => new Markup(text);

function shown(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(({ text }) => text).join("");
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export const style = `
:root { color-scheme: light dark; --ink: #1d2733; --dim: #5d6b7a; --paper: #f4f6f8; --sheet: #fff; --line: #dde3e9;
  --ring: #b45f06; --talk: #1a7f4b; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --dim: #9aa8b5; --paper: #12171d; --sheet: #1b222a;
  --line: #2d3742; --ring: #f0a04b; --talk: #4cc38a; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, main { max-width: 62rem; margin: 0 auto; padding: 1.25rem 1.25rem 0; }
main { padding-bottom: 3rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: baseline; justify-content: space-between; }
h1 { margin: 0; font-size: 1.5rem; } h1 small { color: var(--dim); font-weight: 400; font-size: 1rem; }
h2 { margin: 1.5rem 0 .6rem; font-size: .85rem; letter-spacing: .06em; text-transform: uppercase; color: var(--dim); }
p { margin: 0; }
dl { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 0; }
dl div { display: flex; gap: .4rem; } dt { color: var(--dim); } dd { margin: 0; font-variant-numeric: tabular-nums; }
.good { color: var(--talk); } .bad, .blocked { color: var(--bad); } .blocked { font-weight: 600; }
.none { color: var(--dim); }
#cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1rem; }
.card { --tone: var(--ring); padding: 1.1rem 1.25rem; border-radius: .75rem; background: var(--sheet);
  border: 1px solid var(--line); border-top: .3rem solid var(--tone); color: var(--dim); }
.card.in-progress { --tone: var(--talk); }
.state { color: var(--tone); font-weight: 600; } .state i { display: inline-block; width: .65rem; height: .65rem;
  margin-right: .5rem; border-radius: 50%; background: var(--tone); animation: pulse 1s ease-in-out infinite alternate; }
.phone { font-size: 1.9rem; line-height: 1.3; font-weight: 650; color: var(--ink); overflow-wrap: anywhere; }
@keyframes pulse { to { opacity: .25; } }
@media (prefers-reduced-motion: reduce) { .state i { animation: none; } }
.ticket { padding: .9rem 1.25rem 1rem; margin-bottom: .75rem; border-radius: .75rem; background: var(--sheet);
  border: 1px solid var(--line); overflow-wrap: anywhere; }
.head { display: flex; flex-wrap: wrap; gap: .25rem .8rem; align-items: baseline; }
.head strong { font-size: 1.1rem; } .number { color: var(--dim); font-variant-numeric: tabular-nums; }
.status { margin-left: auto; padding: .05rem .7rem; border-radius: 1rem; border: 1px solid currentColor; font-size: .9rem; }
.status.ringing { color: var(--ring); } .status.in-progress, .status.answered { color: var(--talk); }
.status.missed, .status.failed { color: var(--bad); } .status.busy, .status.canceled { color: var(--dim); }
.facts, figcaption { color: var(--dim); font-size: .95rem; } .facts b { color: var(--ink); font-weight: 600; }
blockquote { margin: .5rem 0 0; padding-left: .75rem; border-left: 3px solid var(--line); white-space: pre-wrap; }
figure { display: flex; flex-wrap: wrap; gap: .25rem .9rem; align-items: center; margin: .7rem 0 0; }
audio { width: min(100%, 24rem); height: 2.5rem; }
li { overflow-wrap: anywhere; color: var(--bad); }
`;

export const script = `
const shown = new Map();
const place = (id, text, put) => { if (shown.get(id) !== text) { shown.set(id, text); put(text); } };
async function renew() {
  const { tickets, ...parts } = await (await fetch("/page.json")).json();
  for (const [id, text] of Object.entries(parts)) place(id, text, () => { document.getElementById(id).innerHTML = text; });
  const list = document.getElementById("tickets");
  const known = new Set(tickets.map(([id]) => id));
  for (const ticket of [...list.children]) if (!known.has(ticket.id)) { shown.delete(ticket.id); ticket.remove(); }
  for (const [id, text] of tickets.toReversed()) place(id, text, () => {
    const old = document.getElementById(id);
    if (old) old.outerHTML = text; else list.insertAdjacentHTML("afterbegin", text);
  });
}
setInterval(() => renew().catch(() => {}), 1000);
`;

/** Only this script and this style run, whatever might slip through. */
export const policy = [
  "default-src 'none'",
  `script-src ${hashed(script)}`,
  `style-src ${hashed(style)}`,
  "connect-src 'self'",
  "media-src 'self'",
].join("; ");

function hashed(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
