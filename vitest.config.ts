import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

// npx takes the Node.js that the packages bring; whoever calls Vitest in another way may have an older one.
if (Number.parseInt(process.versions.node, 10) < 22) {
  throw new Error(`Node.js ${process.versions.node} is too old to run the tests. Run: npm test, or: npx vitest`);
}

/** One channel whose system is down: what these tests look at is inside the Exchange. */
const bindings = {
  CHANNELS: { support: { provider: "zadarma", system: "https://system.example" } },
  SUPPORT_CHANNEL_KEY: "channel-key",
  SUPPORT_ZADARMA_KEY: "zadarma-key",
  SUPPORT_ZADARMA_SECRET: "zadarma-secret",
};

export default defineConfig({
  test: {
    projects: [
      {
        extends: false,
        test: {
          name: "core",
          testTimeout: 60_000,
          include: [
            "test/{calls,cases,config,console,docs,exchange-core,hooks,providers,recordings,standins,system,verify}/**/*.test.ts",
          ],
        },
      },
      {
        extends: false,
        plugins: [
          cloudflareTest({
            main: "./test/exchange/worker.ts",
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings, outboundService: () => new Response("down", { status: 503 }) },
          }),
        ],
        test: {
          name: "exchange",
          include: ["test/exchange/**/*.test.ts"],
          setupFiles: ["test/exchange/setup.ts"],
          testTimeout: 60_000,
        },
      },
      {
        extends: false,
        test: {
          name: "stories",
          include: ["test/{bench,chaos,commands,fuzz,stories}/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
