import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const OUT = resolve(import.meta.dirname, '../klisza/ui/static/built');

export default defineConfig({
  root: import.meta.dirname,
  base: '/static/built/',
  resolve: {
    // vtk.js pulls this in for mesh files that no examination has; its Node imports would kill the page at start.
    alias: { xmlbuilder2: resolve(import.meta.dirname, 'stubs/xmlbuilder2.ts') },
  },
  worker: { format: 'es' },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    manifest: 'manifest.json',
    assetsDir: 'assets',
    target: 'es2022',
    chunkSizeWarningLimit: 6000,
    rollupOptions: { input: resolve(import.meta.dirname, 'viewer/index.ts') },
  },
  test: { environment: 'happy-dom', include: ['tests/**/*.test.ts'] },
});
