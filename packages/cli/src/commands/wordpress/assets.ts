/** `signpost wordpress assets …`: banners, icons and screenshots of a plugin's page. */
import { basename } from 'node:path';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { readLocalDocument } from '../../evidence/local-document.ts';
import { asObject, cellOf, objectsOf, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';
import { confirm, describeEnd, follow, pathOf, requireInFlight } from './deploy.ts';
import { describeDiff } from './diff.ts';

/** What the server takes, in bytes. */
const maxAssetBytes = 10 * 1024 * 1024;

/** `signpost wordpress assets add`. */
export const wordpressAssetsAdd: CommandSpec = {
  words: 'wordpress assets add',
  arguments: '<slug> <file>',
  summary: "Stage a picture of the plugin's page, under the name that it has here or another one",
  details: [
    'wordpress.org shows banner-772x250, banner-1544x500, icon-128x128, icon-256x256 (.png, .jpg or .gif), icon.svg and screenshot-1 and on, each also for a language (banner-772x250-de_DE.png). The sides in pixels must be those of the name. The server decodes the picture and writes it anew.',
  ],
  options: [{ flags: '--name <name>', text: 'the name that it gets; that of the file unless given' }],
  examples: ['signpost wordpress assets add my-plugin banner-772x250.png'],
  run: async (invocation) => {
    const file = readArgument(invocation, 1);
    const name = invocation.options.text('name') ?? basename(file);
    const bytes = await readLocalDocument(file, maxAssetBytes);
    const client = await connectAuthenticated(invocation);
    const document = await client.request('PUT', assetPath(invocation, name), { bytes });
    return { document, lines: [`${name} is staged: ${cellOf(document, 'width')} × ${cellOf(document, 'height')}.`] };
  },
};

/** `signpost wordpress assets remove`. */
export const wordpressAssetsRemove: CommandSpec = {
  words: 'wordpress assets remove',
  arguments: '<slug> <name>',
  summary: 'Stage the deletion of a picture in the repository',
  options: [{ flags: '--unstage', text: 'take the name out of what is staged: the repository keeps what it has' }],
  examples: ['signpost wordpress assets remove my-plugin screenshot-3.png'],
  run: async (invocation) => {
    const name = readArgument(invocation, 1);
    const client = await connectAuthenticated(invocation);
    if (invocation.options.flag('unstage')) {
      await client.request('POST', `${assetPath(invocation, name)}/unstage`);
      return { document: { name, staged: false }, lines: [`${name} is not staged any more.`] };
    }
    const document = await client.request('DELETE', assetPath(invocation, name));
    return { document, lines: [`${name} is staged to be deleted.`] };
  },
};

/** `signpost wordpress assets list`. */
export const wordpressAssetsList: CommandSpec = {
  words: 'wordpress assets list',
  arguments: '<slug>',
  summary: "List the pictures of a plugin's page, and which revision brought them to the repository",
  examples: ['signpost wordpress assets list my-plugin'],
  run: async (invocation) => {
    const document = await (await connectAuthenticated(invocation)).read(assetsPath(invocation));
    const names = ['name', 'change', 'width', 'height', 'size_bytes', 'deployed_revision'];
    const rows = objectsOf(document, 'assets').map((row) => names.map((name) => cellOf(row, name)));
    return { document, lines: [...formatTable(names, rows), `batch ${textOf(document, 'batch_digest')}`] };
  },
};

/** `signpost wordpress assets diff`. */
export const wordpressAssetsDiff: CommandSpec = {
  words: 'wordpress assets diff',
  arguments: '<slug>',
  summary: 'Prepare the deploy of what is staged, and show what it would change in the repository',
  examples: ['signpost wordpress assets diff my-plugin'],
  run: diff,
};

/** `signpost wordpress assets confirm`. */
export const wordpressAssetsConfirm: CommandSpec = {
  words: 'wordpress assets confirm',
  arguments: '<slug>',
  summary: 'Commit the pictures that were prepared, exactly as their diff was shown',
  options: [
    { flags: '--diff <digest>', text: 'the digest that signpost wordpress assets diff printed', required: true },
  ],
  examples: [`signpost wordpress assets confirm my-plugin --diff ${'3f'.repeat(32)}`],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const open = await requireInFlight(invocation, client, 'assets');
    return confirm(invocation, client, open, { diff_digest: invocation.options.requiredText('diff') });
  },
};

/** `signpost wordpress assets publish`. */
export const wordpressAssetsPublish: CommandSpec = {
  words: 'wordpress assets publish',
  arguments: '<slug>',
  summary: 'Show everybody what is staged, without a deploy',
  details: [
    'For a plugin that is not at wordpress.org: the feeds of updates show these pictures from then on. A deploy of pictures does it by itself.',
  ],
  options: [
    { flags: '--batch <digest>', text: 'the digest that signpost wordpress assets list printed', required: true },
  ],
  examples: [`signpost wordpress assets publish my-plugin --batch ${'3f'.repeat(32)}`],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const batch_digest = invocation.options.requiredText('batch');
    await client.request('POST', `${assetsPath(invocation)}/publication`, { body: { batch_digest } });
    return { document: { batch_digest, published: true }, lines: ['Everybody sees the pictures now.'] };
  },
};

/** `signpost wordpress assets cancel`. */
export const wordpressAssetsCancel: CommandSpec = {
  words: 'wordpress assets cancel',
  arguments: '<slug>',
  summary: 'Give up the deploy of pictures that was not confirmed; they stay staged',
  examples: ['signpost wordpress assets cancel my-plugin'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const { id } = await requireInFlight(invocation, client, 'assets');
    const document = await client.request('POST', `${pathOf(invocation)}/${id}/cancel`);
    return { document, lines: ['The deploy of the pictures is cancelled.'] };
  },
};

async function diff(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const asked = await client.request('POST', `${assetsPath(invocation)}/deploys`);
  const prepared = await follow(invocation, client, { id: textOf(asked, 'id'), while: ['requested', 'preparing'] });
  if (textOf(prepared, 'state') !== 'awaiting_confirmation') return describeEnd(prepared);
  const digest = textOf(prepared, 'diff_digest');
  const next = `signpost wordpress assets confirm ${readArgument(invocation, 0)} --diff ${digest}`;
  const lines = [...describeDiff(asObject(prepared.diff), { text: false }), `digest ${digest}`, `Commit it: ${next}`];
  return { document: prepared, lines };
}

function assetsPath(invocation: Invocation): string {
  return `/api/projects/${encodeURIComponent(readArgument(invocation, 0))}/wordpress/assets`;
}

function assetPath(invocation: Invocation, name: string): string {
  return `${assetsPath(invocation)}/${encodeURIComponent(name)}`;
}
