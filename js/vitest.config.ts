import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    // Far more than any test needs: a busy machine fails none.
    testTimeout: 60_000,
  },
});
