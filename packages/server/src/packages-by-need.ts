/** Packages that most servers never need, loaded when they are first asked for: a start is quicker, and keeps less. */
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/** The reader and writer of YAML. */
export function loadYaml(): typeof import('yaml') {
  return load('yaml');
}

/** The renderer of Markdown. */
export function loadMarkdownIt(): typeof import('markdown-it').default {
  return load('markdown-it');
}
