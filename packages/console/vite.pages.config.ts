/** Builds the one script of the server's public pages: one file, which asks for no other. */
import { defineConfig } from 'vite';

// Vite asks for a default export.
// biome-ignore lint/style/noDefaultExport: the format of the file
export default defineConfig({
  base: '/assets/',
  resolve: { conditions: ['@signpost/source', 'browser', 'module'] },
  build: {
    target: 'es2023',
    outDir: 'dist-pages',
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { verify: 'src/verify/main.ts' },
      output: { entryFileNames: '[name]-[hash].js', codeSplitting: false },
    },
  },
});
