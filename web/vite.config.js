// SPDX-License-Identifier: Apache-2.0
// The staff app, bundled for the server to serve: no plug-ins, no inlined assets (the page's policy allows none).
import { defineConfig } from "vite";

export default defineConfig({
  publicDir: "public",
  esbuild: { jsx: "automatic" },
  build: {
    outDir: "../build/share/lapel/web",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: { output: { hashCharacters: "hex" } },
  },
});
