/** `signpost log show`, `log entries`: what the server says of its transparency log. */
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { quoteWord } from '@signpost/protocol/bytes/shell-word';
import { parsePinnedLog } from '@signpost/protocol/client/check-log';
import { fetchCheckpoint } from '@signpost/protocol/client/log-tiles';
import { createTransport } from '@signpost/protocol/client/transport';
import { encodeCanonical, type SignableObject } from '@signpost/protocol/json/canonical';
import { encodeNoteKey, noteKeyTypes } from '@signpost/protocol/tlog/note-key';
import { type LogEntryType, parseKnownEntry } from '@signpost/protocol/updates/log-entry';
import type { TrustedLog } from '@signpost/protocol/updates/trust-list';
import type { CommandSpec, Invocation } from '../../command.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import { connect, connectAuthenticated } from '../../http/connect.ts';
import { describeLogEntry } from '../../log/describe-entry.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs, formatTable } from '../../terminal/table.ts';

const entryTypes = [
  'manifest',
  'trust-list',
  'catalogue',
  'certificate',
  'revocation',
  'audit-head',
] as const satisfies readonly LogEntryType[];

/** `signpost log show`. */
export const logShow: CommandSpec = {
  words: 'log show',
  summary: 'Show the transparency log of the server: its key, its size, and the command that has the roots name it',
  details: ['It is the word of the server; `signpost log verify` reads the log itself.'],
  examples: ['signpost log show', 'signpost log show --json'],
  run: showLog,
};

/** `signpost log entries`. */
export const logEntries: CommandSpec = {
  words: 'log entries',
  summary: 'List entries of the transparency log that concern the organisation, newest first',
  options: [
    { flags: '--type <type>', text: 'entries of this type only', choices: entryTypes },
    { flags: '--before <index>', text: 'entries before this one' },
    { flags: '--limit <n>', text: 'at most so many' },
  ],
  examples: ['signpost log entries', 'signpost log entries --type manifest --limit 20'],
  run: listEntries,
};

async function showLog(invocation: Invocation): Promise<Answer> {
  const client = await connect(invocation);
  const { log: named } = await client.read('/api/signing/pubkey');
  if (named === null || named === undefined) {
    throw new Failure('refused', 'the server keeps no log yet', {
      hint: 'its vault must be open once: signpost unlock',
    });
  }
  const log = await parsePinnedLog(textOf(asObject(named), 'verifier_key'));
  const { size, rootHash } = await fetchCheckpoint(createTransport(client.base, invocation.fetch), log);
  const verifierKey = encodeVerifierKey(log);
  const root_hash = encodeBase64(rootHash);
  const { origin, key } = log;
  return {
    document: { origin, key_id: key.keyId, verifier_key: verifierKey, size, root_hash },
    lines: [
      ...formatPairs([
        ['origin', origin],
        ['key', key.keyId],
        ['entries', String(size)],
        ['root hash', root_hash],
      ]),
      '',
      'To have clients demand it, on the machine of the root:',
      // What is pasted there is made anew out of 32 bytes and a name without white space.
      `  signpost root set-log ${quoteWord(verifierKey)}`,
    ],
  };
}

function encodeVerifierKey({ origin, key }: TrustedLog): string {
  return encodeNoteKey(origin, noteKeyTypes.ed25519, parseBase64(key.pubkeyB64));
}

async function listEntries(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const query = new URLSearchParams();
  for (const [name, value] of [
    ['type', options.text('type')],
    ['before', options.integer('before', 0)],
    ['limit', options.integer('limit', 1)],
  ] as const) {
    if (value !== undefined) query.set(name, String(value));
  }
  const document = await (await connectAuthenticated(invocation)).read(`/api/log/entries?${query}`);
  const rows = objectsOf(document, 'entries').map((entry) => [
    ...['index', 'logged_at', 'type'].map((name) => cellOf(entry, name)),
    describeListed(entry),
  ]);
  return { document, lines: formatTable(['entry', 'logged at', 'type', 'what'], rows) };
}

/** The list holds the members of each entry beside what the server says of it. */
function describeListed({ index: _, logged_at: __, leaf_hash: ___, ...members }: JsonObject): string {
  const entry = parseKnownEntry(encodeCanonical(members as SignableObject));
  return entry ? describeLogEntry(entry) : 'of a type that this version does not know';
}
