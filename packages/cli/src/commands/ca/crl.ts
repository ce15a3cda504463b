/** `signpost ca crl …`: what an authority publishes about revocation. */
import { readFile, stat } from 'node:fs/promises';
import { parsePemBlock } from '@signpost/protocol/asn1/pem';
import { tags } from '@signpost/protocol/asn1/tag';
import { parseRevocationList } from '@signpost/protocol/x509/revocation-list';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { type JsonObject, objectsOf, textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerTable } from '../answers.ts';
import { askPassphraseOf, authorityPath, rootPassphraseOptions } from './options.ts';

const columns = ['kind', 'part', 'number', 'entries', 'this_update', 'next_update'];
const maxListBytes = 1024 * 1024;

/** `signpost ca crl show`. */
export const caCrlShow: CommandSpec = {
  words: 'ca crl show',
  arguments: '<name>',
  summary: 'Show the revocation lists of an authority, and what runs out',
  examples: ['signpost ca crl show issuing'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    return answerLists(await client.read(authorityPath(readArgument(invocation, 0), 'revocation')));
  },
};

/** `signpost ca crl publish`. */
export const caCrlPublish: CommandSpec = {
  words: 'ca crl publish',
  arguments: '<name>',
  summary: 'Publish the revocation lists of an authority now; a root asks for its passphrase',
  details: [
    'Lists of intermediates come by themselves, after each revocation and before they run out. Those of a root on the server wait for its passphrase.',
  ],
  options: rootPassphraseOptions,
  examples: ['signpost ca crl publish example-root'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const name = readArgument(invocation, 0);
    const body = await askPassphraseOf(invocation, client, name);
    return answerLists(await client.request('POST', authorityPath(name, 'crl'), { body }));
  },
};

/** `signpost ca crl import`. */
export const caCrlImport: CommandSpec = {
  words: 'ca crl import',
  arguments: '<name> <file>',
  summary: 'Publish a revocation list that an offline root signed',
  details: [
    'What the list revokes is revoked here, too: an authority as soon as it has no other certificate, or its key is lost. With valid certificates below it this is refused, and says how many there are; --cascade revokes all of them.',
  ],
  options: [{ flags: '--cascade', text: 'revoke everything below an authority that the list revokes' }],
  examples: ['signpost ca crl import offline-root root.crl'],
  run: importList,
};

async function importList(invocation: Invocation): Promise<Answer> {
  const [name, file] = [readArgument(invocation, 0), readArgument(invocation, 1)];
  const facts = await stat(file).catch((cause) => {
    throw new Failure('refused', `${file} cannot be read`, { cause });
  });
  if (facts.size > maxListBytes) throw new Failure('refused', `expected at most ${maxListBytes} bytes in ${file}`);
  const bytes = readList(new Uint8Array(await readFile(file)));
  const client = await connectAuthenticated(invocation);
  const path = `${authorityPath(name, 'crl', 'import')}${invocation.options.flag('cascade') ? '?cascade=true' : ''}`;
  return answerLists(await client.request('POST', path, { bytes }));
}

/** The list in DER, and that it is one: nothing else leaves this machine. */
function readList(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const text = () => new TextDecoder('latin1').decode(file);
  return parseRevocationList(file[0] === tags.sequence ? file : parsePemBlock(text(), 'X509 CRL', maxListBytes)).bytes;
}

function answerLists(document: JsonObject): Answer {
  const { lines } = answerTable({ lists: objectsOf(document, 'lists') }, 'lists', columns);
  return { document, lines: [...lines, ...textsOf(document, 'warnings')] };
}
