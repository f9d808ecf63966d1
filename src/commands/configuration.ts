/** The configuration as a Worker will read it, from the files on this machine, and what is wrong with it. */
import { experimental_readRawConfig, unstable_getVarsForDev, unstable_readConfig } from "wrangler";
import { parseConfiguration } from "../config/channels.ts";
import type { Fault, Warning } from "../config/faults.ts";
import { nearest } from "../config/nearest.ts";
import { everySecret, secretName } from "../config/secrets.ts";
import { channelNames, isNoChannel, variableName } from "../config/variables.ts";
import { live, local, type Where } from "../config/where.ts";
import { noChannelYet } from "./report.ts";
import type { SecretNames } from "./secret-names.ts";
import { sameWorker, type WranglerOptions } from "./wrangler-options.ts";

/** A channel's webhook URL as far as it is known here: `base` where the channel names one. */
export interface Hook {
  readonly channel: string;
  readonly base?: string;
  /** Whether a secret part follows; undefined: not known. */
  readonly secret?: boolean;
}

export interface Checked {
  readonly environment?: string;
  /** Those that keep the Worker from working, all of them. */
  readonly faults: readonly Fault[];
  readonly warnings: readonly Warning[];
  /** What is worth saying and nobody's mistake. */
  readonly notices: readonly string[];
  readonly hooks: readonly Hook[];
}

/** What is read of wrangler's configuration: its types come without those that they are made of. */
interface WranglerConfig {
  readonly configPath?: string;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly keep_vars?: boolean;
  readonly durable_objects: { readonly bindings: readonly { readonly name: string }[] };
  readonly r2_buckets: readonly Bucket[];
}

interface Bucket {
  readonly binding: string;
  readonly jurisdiction?: string;
}

interface RawConfig {
  readonly vars?: object;
  readonly env?: Readonly<Record<string, object>>;
}

/** Of a variable, on the platform. */
const maxVariableBytes = 5 * 1024;

/** The named environments of the configuration file. Throws where that cannot be read. */
export function environmentsOf(options: WranglerOptions): string[] {
  return Object.keys(rawConfigOf(options).env ?? {});
}

/** Of a Worker that is to be deployed. `secrets` are those that it has. Throws where the file cannot be read. */
export function checkLive(options: WranglerOptions, secrets: SecretNames): Checked {
  const config = readConfig(options);
  const variables = { ...config.vars, ...given(options) };
  const configured = channelNames(variables);
  const stated = "names" in secrets ? secrets.names : secretsOf(configured);
  const standIns = Object.fromEntries([...stated].map((name) => [name, standIn(name)]));
  const checked = check(options, config, { ...standIns, ...variables }, live(sameWorker(options)));
  const unseen = "unknown" in secrets ? [`The secrets could not be looked for: ${secrets.unknown}`] : [];
  const notices = [...checked.notices, ...(configured.length > 0 ? unseen : [])];
  const warnings = [...checked.warnings, ...inTheOpen(config.vars, configured)];
  const hooks = "names" in secrets ? checked.hooks : checked.hooks.map((hook) => ({ ...hook, secret: undefined }));
  return { ...checked, warnings, hooks, notices };
}

/** Of a Worker that runs on this machine: all is known. */
export function checkLocal(options: WranglerOptions): Checked {
  const config = readConfig(options);
  const files = options.envFiles.length > 0 ? [...options.envFiles] : undefined;
  const bindings = unstable_getVarsForDev(config.configPath, files, config.vars, options.environment, true);
  const variables = Object.fromEntries(
    Object.entries(bindings).map(([name, binding]) => [name, "value" in binding ? binding.value : undefined]),
  );
  return check(options, config, { ...variables, ...given(options) }, local);
}

function readConfig({ config, environment }: WranglerOptions): WranglerConfig {
  return unstable_readConfig({ config, env: environment }, { hideWarnings: true }) as WranglerConfig;
}

/** The file as it is written, without what wrangler adds or drops. */
function rawConfigOf({ config }: WranglerOptions): RawConfig {
  return experimental_readRawConfig({ config }).rawConfig as RawConfig;
}

/** Variables of the command line: always text. */
function given({ variables }: WranglerOptions): Record<string, string> {
  return Object.fromEntries(variables.map((one) => [one.split(":")[0] ?? "", one.slice(one.indexOf(":") + 1)]));
}

/** What stands for a secret of which only the name is known: nothing is wrong with it, and no two are the same. */
function standIn(name: string): string {
  return `unseen:${name.padEnd(32, "-")}`;
}

/** All secrets that channels could have. */
function secretsOf(channels: readonly string[]): Set<string> {
  return new Set(channels.flatMap((channel) => [...everySecret].map((name) => secretName(channel, name))));
}

/** Secrets that everybody sees who sees the file. */
function inTheOpen(variables: Readonly<Record<string, unknown>>, channels: readonly string[]): Warning[] {
  const secrets = new Set([...secretsOf(channels), "CONSOLE_TOKEN"]);
  const problem =
    "is a secret and stands in the file for all to read. Delete it there, and set it as a secret, a new one";
  return Object.keys(variables).flatMap((key) => (secrets.has(key) ? [{ key, problem }] : []));
}

function check(options: WranglerOptions, config: WranglerConfig, env: Record<string, unknown>, where: Where): Checked {
  const environment = options.environment || undefined;
  const { channels, faults, warnings } = parseConfiguration(env, where);
  const kept = options.keepsVariables || config.keep_vars === true;
  const astray = kept ? [] : outsideVariables(options, environment, channels.size > 0 || faults.some(isOfChannel));
  const none = faults.some(isNoChannel) && astray.length === 0;
  const notices = none ? [noChannelYet] : [];
  const found = [
    ...faults.filter((fault) => !isNoChannel(fault)),
    ...astray,
    ...tooLarge(config.vars),
    ...bindingFaults(config, environment),
    ...bucketFaults(config, env.JURISDICTION),
  ];
  return {
    environment,
    faults: found.map((fault) => inEnvironment(fault, environment)),
    warnings: [...warnings, ...bucketWarnings(config, env.JURISDICTION)].map((one) => inEnvironment(one, environment)),
    notices: notices.map((text) => headingsIn(text, environment)),
    hooks: [...channels.values()].map(({ name, url, secrets }) => {
      return { channel: name, base: url, secret: secrets.hookSecret !== undefined };
    }),
  };
}

function isOfChannel({ channel }: Fault): boolean {
  return channel !== undefined;
}

/** Channels, and where they are to lie, that stand where no Worker finds them: outside `vars`, or in those of another environment. */
function outsideVariables(options: WranglerOptions, environment: string | undefined, anyFound: boolean): Fault[] {
  const file = rawConfigOf(options);
  const here = environment === undefined ? file : (file.env?.[environment] ?? {});
  const like = (table: object) => Object.keys(table).filter((key) => nearest(key.split("_")[0] ?? "", ["CHANNELS"]));
  const { vars: _, env: __, ...others } = here as RawConfig;
  const outside = tablesIn(others).flatMap((table) => [
    ...like(table).map((key) => {
      const right = variableName.test(key) ? key : "CHANNELS";
      return { key, problem: `stands outside [vars]. Write [vars.${right}.<name>]` };
    }),
    // Below the heading of another table it is that table's.
    ...(Object.hasOwn(table, "JURISDICTION")
      ? [{ key: "JURISDICTION", problem: "stands outside [vars]. Write it right below [vars]" }]
      : []),
  ]);
  const above = environment === undefined || anyFound || outside.length > 0 ? [] : like(file.vars ?? {});
  return [
    ...outside,
    ...above.map((key) => {
      return {
        key,
        problem: `no environment inherits variables, and this one has no channel. Add [vars.${key}.<name>]`,
      };
    }),
  ];
}

/** The table itself, and all that stand in it. */
function tablesIn(value: unknown): object[] {
  if (Array.isArray(value)) return value.flatMap(tablesIn);
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(tablesIn)];
}

function tooLarge(variables: Readonly<Record<string, unknown>>): Fault[] {
  return Object.entries(variables).flatMap(([key, value]) => {
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
    const problem = "is larger than the 5 KB that a variable holds. Move channels to [vars.CHANNELS_<ANYTHING>]";
    return Buffer.byteLength(text) > maxVariableBytes ? [{ key, problem }] : [];
  });
}

/** What the Worker cannot be without, and a named environment does not inherit. */
function bindingFaults(config: WranglerConfig, environment: string | undefined): Fault[] {
  const prefix = environment === undefined ? "" : `env.${environment}.`;
  const inherits = environment === undefined ? "" : ": no environment inherits bindings";
  const missing = (key: string, heading: string) => {
    return { key, problem: `the binding is missing${inherits}. Copy [[${heading}]] as [[${prefix}${heading}]]` };
  };
  return [
    ...(config.durable_objects.bindings.some(({ name }) => name === "EXCHANGE")
      ? []
      : [missing("EXCHANGE", "durable_objects.bindings")]),
    ...(bucketOf(config) ? [] : [missing("RECORDINGS", "r2_buckets")]),
  ];
}

/** Recordings must lie where the calls do. */
function bucketFaults(config: WranglerConfig, jurisdiction: unknown): Fault[] {
  const bucket = bucketOf(config);
  const wanted = typeof jurisdiction === "string" ? jurisdiction.trim() : "";
  if (!bucket || wanted === "" || bucket.jurisdiction === wanted) return [];
  const problem = `the bucket of RECORDINGS lies elsewhere. Make one with: npx wrangler r2 bucket create <name> --jurisdiction <that>, and name both below [[r2_buckets]]: bucket_name and jurisdiction`;
  return [{ key: "JURISDICTION", problem }];
}

function bucketWarnings(config: WranglerConfig, jurisdiction: unknown): Warning[] {
  if (bucketOf(config)?.jurisdiction === undefined || jurisdiction) return [];
  const problem =
    "is not set, though the bucket has one: calls lie anywhere. Before the first call, set it to the bucket's";
  return [{ key: "JURISDICTION", problem }];
}

function bucketOf(config: WranglerConfig): Bucket | undefined {
  return config.r2_buckets.find((bucket) => bucket.binding === "RECORDINGS");
}

function inEnvironment<T extends Fault>(fault: T, environment: string | undefined): T {
  return { ...fault, problem: headingsIn(fault.problem, environment) };
}

/** Headings as they read in a named environment. */
function headingsIn(text: string, environment: string | undefined): string {
  return environment === undefined ? text : text.replaceAll("[vars", `[env.${environment}.vars`);
}
