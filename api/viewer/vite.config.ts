import { defineConfig, type Plugin, type Rolldown } from "vite";

/** The browser is told of what a page imports on the way, so that it reads both at once. */
const ahead: Plugin = {
  name: "ahead",
  transformIndexHtml: {
    order: "post",
    handler: (_html, { bundle, chunk }) => {
      const wanted = new Set(chunk?.isEntry && chunk.name === "planner" ? chunk.dynamicImports : []);
      for (const name of wanted) {
        const one = bundle?.[name];
        if (one?.type === "chunk") for (const more of one.imports) if (!chunk?.imports.includes(more)) wanted.add(more);
      }
      const styles = [...wanted].flatMap((name) => [...((bundle?.[name] as Rolldown.OutputChunk | undefined)?.viteMetadata?.importedCss ?? [])]);
      const link = (attrs: Record<string, string | true>) => ({ tag: "link", attrs: { ...attrs, crossorigin: true }, injectTo: "head" as const });
      return [
        ...[...wanted].map((name) => link({ rel: "modulepreload", href: `/${name}` })),
        ...styles.map((name) => link({ rel: "preload", as: "style", href: `/${name}` })),
      ];
    },
  },
};

/** Everything large is compressed once, here, and not by the service for each who asks. */
const packed: Plugin = {
  name: "packed",
  generateBundle: {
    order: "post",
    async handler(_options, bundle) {
      for (const [name, one] of Object.entries(bundle)) {
        if (!/\.(m?js|css)$/.test(name)) continue;
        const whole = new Blob([one.type === "chunk" ? one.code : (one.source as BlobPart)]);
        const source = await new Response(whole.stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
        this.emitFile({ type: "asset", fileName: `${name}.gz`, source: new Uint8Array(source) });
      }
    },
  },
};

// two pages, one build; the service serves dist/ as it is
export default defineConfig({
  plugins: [ahead, packed],
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
