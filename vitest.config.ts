import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        extends: false,
        test: {
          name: "core",
          include: ["test/{calls,config,hooks,providers,recordings,standins,system,verify}/**/*.test.ts"],
        },
      },
      {
        extends: false,
        test: { name: "stories", include: ["test/stories/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
      },
    ],
  },
});
