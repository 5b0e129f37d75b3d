import { defineConfig } from "vite";

// two pages, one build; the service serves dist/ as it is
export default defineConfig({
  build: {
    outDir: "dist",
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rolldownOptions: { input: { planner: "planner.html", "my-grid": "my-grid.html" } },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
});
