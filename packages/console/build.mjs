/** Builds the console and the script of the public pages, and packs their files. JavaScript, since `npm install` may run it by a Node that reads no TypeScript. */
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';

const folder = import.meta.dirname;

for (const config of ['vite.config.ts', 'vite.pages.config.ts']) {
  await build({ root: folder, configFile: join(folder, config), logLevel: 'error' });
}
for (const name of globSync('dist{,-pages}/**/*.{html,js,css,svg}', { cwd: folder })) pack(join(folder, name));

/** Beside each file what the server sends instead to those who take it, unless packing gains nothing. */
function pack(path) {
  const bytes = readFileSync(path);
  const br = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } });
  const gz = gzipSync(bytes, { level: 9 });
  for (const [ending, packed] of [
    ['br', br],
    ['gz', gz],
  ]) {
    rmSync(`${path}.${ending}`, { force: true });
    if (packed.length < bytes.length) writeFileSync(`${path}.${ending}`, packed);
  }
}
