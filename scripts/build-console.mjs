/** Builds the console where its tools are installed; without them, as after `npm install --omit=dev`, says so and ends well. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const newerNode = join(root, 'node_modules/.bin/node');

if (!existsSync(join(root, 'node_modules/vite')) || !existsSync(join(root, 'packages/console/build.mjs'))) {
  console.log('The console is not built: its tools are not installed. The server works without it.');
} else {
  const node = existsSync(newerNode) ? newerNode : process.execPath;
  const { status } = spawnSync(node, [join(root, 'packages/console/build.mjs')], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
