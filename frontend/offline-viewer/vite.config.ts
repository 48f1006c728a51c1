import { resolve } from 'node:path';
import { defineConfig } from 'vite';

/** One classic script and one style sheet: pages from file: may load no modules (docs/flows.md, "The offline viewer"). */
export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: resolve(import.meta.dirname, '../../klisza/exports/offline/built'),
    emptyOutDir: true,
    target: 'es2020',
    lib: {
      entry: resolve(import.meta.dirname, 'index.ts'),
      formats: ['iife'],
      name: 'klisza',
      fileName: () => 'VIEWER.JS',
      cssFileName: 'VIEWER',
    },
    rollupOptions: { output: { assetFileNames: 'VIEWER.CSS' } },
  },
});
