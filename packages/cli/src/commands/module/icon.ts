/** `signpost module icon …`. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { readLocalDocument } from '../../evidence/local-document.ts';
import { createFileAtomically, errorCodeOf } from '../../files/atomic-write.ts';
import { asObject, type JsonObject, textOf } from '../../http/answer.ts';
import { type Client, readBounded } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs } from '../answers.ts';

/** What the server takes, in bytes. */
const maxIconBytes = 512 * 1024;
const fields = ['media_type', 'width', 'height', 'size_bytes', 'sha256', 'path', 'png_path'];

/** `signpost module icon set`. */
export const moduleIconSet: CommandSpec = {
  words: 'module icon set',
  arguments: '<collection> <slug> <file>',
  summary: 'Set the icon of a module, which its catalogue shows from then on',
  details: [
    'A PNG, JPEG, WebP or SVG of at most 512 KiB and 16 to 2048 pixels a side. The server decodes it and writes it anew; an SVG is refused for whatever is not plain drawing, and gets a PNG of 256 pixels beside it.',
  ],
  examples: ['signpost module icon set addons maps maps.svg'],
  run: async (invocation) => {
    const bytes = await readLocalDocument(readArgument(invocation, 2), maxIconBytes);
    const client = await connectAuthenticated(invocation);
    return answerPairs(await client.request('PUT', `${modulePath(invocation)}/icon`, { bytes }), fields);
  },
};

/** `signpost module icon show`. */
export const moduleIconShow: CommandSpec = {
  words: 'module icon show',
  arguments: '<collection> <slug>',
  summary: 'Show what the icon of a module is and where it is served, or save it',
  options: [
    { flags: '--out <path>', text: 'save the picture there' },
    { flags: '--png', text: 'save the PNG of a drawing' },
  ],
  examples: ['signpost module icon show addons maps', 'signpost module icon show addons maps --out maps.svg'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const icon = await readIcon(client, invocation);
    const out = invocation.options.text('out');
    return out === undefined ? answerPairs(icon, fields) : saveIcon(client, icon, { invocation, out });
  },
};

/** `signpost module icon remove`. */
export const moduleIconRemove: CommandSpec = {
  words: 'module icon remove',
  arguments: '<collection> <slug>',
  summary: 'Remove the icon of a module, from its catalogue too',
  examples: ['signpost module icon remove addons maps'],
  run: async (invocation) => {
    const slug = readArgument(invocation, 1);
    const client = await connectAuthenticated(invocation);
    await client.request('DELETE', `${modulePath(invocation)}/icon`);
    return { document: { slug, removed: true }, lines: [`${slug} has no icon any more.`] };
  },
};

async function readIcon(client: Client, invocation: Invocation): Promise<JsonObject> {
  const { icon } = await client.read(modulePath(invocation));
  if (icon !== null && icon !== undefined) return asObject(icon);
  const [collection, slug] = [readArgument(invocation, 0), readArgument(invocation, 1)];
  throw new Failure('refused', `${slug} has no icon`, { hint: `signpost module icon set ${collection} ${slug} FILE` });
}

async function saveIcon(
  client: Client,
  icon: JsonObject,
  { invocation, out }: { readonly invocation: Invocation; readonly out: string },
): Promise<Answer> {
  if (invocation.options.flag('png') && icon.png_path === null) {
    throw new Failure('refused', 'the icon is a photograph, and has no PNG beside it');
  }
  const path = textOf(icon, invocation.options.flag('png') ? 'png_path' : 'path');
  const bytes = await readBounded(await client.send('GET', path, { headers: { Accept: '*/*' } }));
  await createFileAtomically(out, bytes, 0o644).catch((cause) => {
    const isThere = errorCodeOf(cause) === 'EEXIST';
    throw new Failure('refused', isThere ? `${out} is there already` : `${out} cannot be written`, { cause });
  });
  return { document: { file: out, size_bytes: bytes.length, path }, lines: [`${out}: ${bytes.length} bytes.`] };
}

function modulePath(invocation: Invocation): string {
  const [collection, slug] = [0, 1].map((index) => encodeURIComponent(readArgument(invocation, index)));
  return `/api/collections/${collection}/modules/${slug}`;
}
