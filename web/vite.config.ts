import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Everything the browser loads comes from this build: scripts, styles and fonts are files of our own origin, nothing is
// inlined as a data: address, so the content security policy can stay at 'self'.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/bartizan/server/static",
    assetsDir: "bundle", // `assets` is a room of the application
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    sourcemap: false,
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": process.env.BARTIZAN_API ?? "http://127.0.0.1:8420" },
  },
});
