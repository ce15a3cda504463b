/** Plugins of the tests, as archives. */
import { buildZip, type EntryPlan } from '../../packages/server/test/releases/inspection/zip-builder.ts';

/** A file of a plugin, below its folder. */
interface PluginFile {
  readonly path: string;
  readonly content?: string | Buffer;
  /** `0o755` for what may be run. */
  readonly mode?: number;
}

/** What may be said about a plugin; the rest agrees with its release. */
export interface PluginWish {
  readonly slug?: string;
  readonly version: string;
  readonly folder?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly readme?: string | undefined;
  readonly files?: readonly PluginFile[];
}

/** The slug of the tests. */
export const slug = 'acme-forms';

/** A readme that agrees with a release. */
function writeReadme(version: string, more: Readonly<Record<string, string>> = {}): string {
  const head = {
    Contributors: 'acme, bob',
    Tags: 'forms, mail',
    'Requires at least': '6.0',
    'Tested up to': '6.4',
    'Requires PHP': '7.4',
    'Stable tag': version,
    License: 'GPLv2 or later',
    ...more,
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`);
  const body = `Forms for everybody.\n\n== Description ==\n\nLong words.\n\n== Changelog ==\n\n= ${version} =\n* Better.\n`;
  return `=== Acme Forms ===\n${lines.join('\n')}\n\n${body}`;
}

/** The archive of a plugin. */
export function buildPlugin(wish: PluginWish): Buffer {
  const { version, folder = wish.slug ?? slug, files = [] } = wish;
  const header = {
    'Plugin Name': 'Acme Forms',
    Version: version,
    'Requires at least': '6.0',
    'Requires PHP': '7.4',
    'Text Domain': wish.slug ?? slug,
    ...wish.header,
  };
  const lines = Object.entries(header).map(([name, value]) => ` * ${name}: ${value}`);
  const main = `<?php\n/**\n${lines.join('\n')}\n */\nfunction acme_version() { return '${version}'; }\n`;
  const readme = 'readme' in wish ? wish.readme : writeReadme(version);
  const entries: EntryPlan[] = [
    { name: `${folder}/`, content: '' },
    plan(folder, { path: `${wish.slug ?? slug}.php`, content: main }),
    ...(readme === undefined ? [] : [plan(folder, { path: 'readme.txt', content: readme })]),
    ...files.map((one) => plan(folder, one)),
  ];
  return buildZip(entries);
}

function plan(folder: string, { path, content = `content of ${path}\n`, mode = 0o644 }: PluginFile): EntryPlan {
  const isFolder = path.endsWith('/');
  // UTF-8, as all names beyond ASCII must be marked.
  const flags = /^[\x20-\x7e]*$/.test(path) ? 0 : 0x800;
  return {
    name: `${folder}/${path}`,
    content: isFolder ? '' : content,
    flags,
    mode: isFolder ? 0o040755 : 0o100000 | mode,
  };
}
