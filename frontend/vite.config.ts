import { resolve } from 'node:path';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const OUT = resolve(import.meta.dirname, '../klisza/ui/static/built');

/**
 * Texts of measurements get their style as an attribute, which a policy without 'unsafe-inline' stops; the same text
 * through the CSS object model is allowed. Fails the build when a new version of the tools has changed that line.
 */
function stylesWithoutAttributes(): Plugin {
  const attribute = "textElement.setAttribute('style', combinedStyle);";
  return {
    name: 'styles-without-attributes',
    transform(code, id) {
      if (!id.includes('@cornerstonejs/tools') || !id.includes('drawingSvg/drawTextBox')) return null;
      if (!code.includes(attribute)) this.error('drawTextBox.js has changed: look for inline styles again');
      return { code: code.replace(attribute, 'textElement.style.cssText = combinedStyle;'), map: null };
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  base: '/static/built/',
  plugins: [stylesWithoutAttributes()],
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
    rollupOptions: {
      input: ['viewer/index.ts', 'islands/uploader/index.ts'].map((page) => resolve(import.meta.dirname, page)),
    },
  },
  test: { environment: 'happy-dom', include: ['tests/**/*.test.ts'] },
});
