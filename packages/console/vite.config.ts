/** Builds the console into static files with hashed names; the server sends them under a strict content security policy. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// Vite asks for a default export.
// biome-ignore lint/style/noDefaultExport: the format of the file
export default defineConfig({
  base: '/console/',
  plugins: [svelte({ configFile: false, compilerOptions: { runes: true } })],
  resolve: { conditions: ['@signpost/source', 'browser', 'module'] },
  build: {
    target: 'es2023',
    // Every inlined file would be a data: address, which the policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: 'manifest.json',
  },
});
