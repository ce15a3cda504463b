/** `signpost trust …`: the list that the server publishes. */
import { readFile } from 'node:fs/promises';
import { encodeCanonicalText } from '@signpost/protocol/json/canonical';
import { maxTrustListBytes } from '@signpost/protocol/updates/trust-list';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { cellOf, objectsOf, textOf, textsOf } from '../../http/answer.ts';
import { connect, connectAuthenticated } from '../../http/connect.ts';
import { parseSignedList } from '../../root/signed-list.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs, answerTable } from '../answers.ts';

/** `signpost trust import`. */
export const trustImport: CommandSpec = {
  words: 'trust import',
  arguments: '<file>',
  summary: 'Publish a trust list that `signpost root sign` wrote',
  details: [
    'The server verifies it under the roots that it has pinned. For the very first list give the roots by --pin and, when there are several, --threshold; that is possible once.',
  ],
  options: [
    { flags: '--pin <public-key>', text: 'pin this root first', repeatable: true },
    { flags: '--threshold <m>', text: 'how many of the pinned roots must sign', fallback: '1' },
  ],
  examples: [
    'signpost trust import trust.json',
    'signpost trust import trust.json --pin 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  ],
  run: importTrustList,
};

/** `signpost trust show`. */
export const trustShow: CommandSpec = {
  words: 'trust show',
  summary: 'Show roots, keys, project rules and the expiry light of the list in force',
  examples: ['signpost trust show'],
  run: showTrust,
};

/** `signpost trust versions`. */
export const trustVersions: CommandSpec = {
  words: 'trust versions',
  summary: 'List every trust list ever imported',
  examples: ['signpost trust versions'],
  run: async (invocation) => {
    const answer = await (await connectAuthenticated(invocation)).read('/api/trust/versions');
    return answerTable(answer, 'versions', [
      'version',
      'digest',
      'issued_at',
      'expires_at',
      'imported_at',
      'changes_roots',
    ]);
  },
};

/** `signpost trust get`. */
export const trustGet: CommandSpec = {
  words: 'trust get',
  arguments: '<version>',
  summary: 'Write a trust list that was once imported, with its signatures, to the standard output',
  examples: ['signpost trust get 3 > trust-3.json'],
  run: async (invocation) => {
    const version = encodeURIComponent(readArgument(invocation, 0));
    const document = await (await connectAuthenticated(invocation)).read(`/api/trust/versions/${version}`);
    return { document, lines: [encodeCanonicalText(document)] };
  },
};

/** `signpost trust pubkey`. */
export const trustPubkey: CommandSpec = {
  words: 'trust pubkey',
  summary: 'Show the active server keys and the ids of the roots, as the server tells them to anybody',
  details: ['For looking up, never for trusting: pin what `signpost root init` printed.'],
  examples: ['signpost trust pubkey'],
  run: async (invocation) => {
    const document = await (await connect(invocation)).read('/api/signing/pubkey');
    return answerPairs(document, ['key_id', 'pubkey_b64', 'root_key_ids']);
  },
};

async function importTrustList(invocation: Invocation): Promise<Answer> {
  const { options, output } = invocation;
  const bytes = await readList(readArgument(invocation, 0));
  const client = await connectAuthenticated(invocation);
  const pins = options.texts('pin');
  if (pins.length > 0) {
    const body = { root_keys: pins, threshold: options.integer('threshold', 1) ?? 1 };
    await client.request('POST', '/api/trust/roots', { body });
  }
  const headers = { 'Content-Type': 'application/json' };
  const document = await client.request('POST', '/api/trust/import', { bytes, headers });
  for (const warning of textsOf(document, 'warnings')) output.warn(warning);
  return {
    document,
    lines: [`Trust list version ${cellOf(document, 'version')} is in force until ${textOf(document, 'expires_at')}.`],
  };
}

async function readList(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFile(path).catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, { hint: '`signpost root sign` writes trust.json', cause });
  });
  if (bytes.length > maxTrustListBytes)
    throw new Failure('refused', `expected at most ${maxTrustListBytes} bytes in ${path}`);
  // A file that is no trust list is told here, with the local path, and not by the server.
  await parseSignedList(bytes);
  return new Uint8Array(bytes);
}

async function showTrust(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read('/api/trust');
  const head = answerPairs(document, ['version', 'light', 'issued_at', 'expires_at', 'threshold']);
  const section = (title: string, name: string, columns: readonly string[]) =>
    objectsOf(document, name).length === 0 ? [] : ['', title, ...answerTable(document, name, columns).lines];
  const bounds = ['not_before', 'not_after'];
  return {
    document,
    lines: [
      ...head.lines,
      ...section('Roots', 'roots', ['key_id', 'pubkey_b64']),
      ...section('Valid keys', 'valid_keys', ['key_id', 'label', 'custody', 'scope', ...bounds]),
      ...section('Push keys', 'push_keys', ['key_id', 'label', ...bounds]),
      ...section('Revoked keys', 'revoked_keys', ['key_id', 'revoked_at', 'reason']),
      ...section('Projects', 'projects', ['project', 'approvals', 'counter_epoch']),
    ],
  };
}
