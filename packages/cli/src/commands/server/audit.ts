/** `signpost audit …`: the hash-chained record. */

import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { CommandSpec, Invocation } from '../../command.ts';
import { cellOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerTable } from '../answers.ts';

/** `signpost audit verify`. */
export const auditVerify: CommandSpec = {
  words: 'audit verify',
  summary: 'Let the server walk the hash chain; note the head to compare it later',
  examples: ['signpost audit verify', 'signpost audit verify --json'],
  run: async (invocation) => {
    const document = await (await connectAuthenticated(invocation)).read('/api/audit/verify');
    return {
      document,
      lines: [`The chain holds up to row ${cellOf(document, 'sequence')}, head ${cellOf(document, 'hash')}.`],
    };
  },
};

/** `signpost audit list`. */
export const auditList: CommandSpec = {
  words: 'audit list',
  summary: 'List audit events, the oldest first',
  options: [
    { flags: '--newest', text: 'the newest first' },
    { flags: '--after <sequence>', text: 'only rows after this one' },
    { flags: '--before <sequence>', text: 'only rows before this one' },
    { flags: '--limit <n>', text: 'how many', fallback: '50' },
    { flags: '--action <action>', text: 'only this action, such as release.activated' },
    { flags: '--actor <id>', text: 'only what this person or key did' },
    { flags: '--refused', text: 'only what was refused' },
  ],
  examples: ['signpost audit list --newest --limit 20', 'signpost audit list --action trust.imported'],
  run: listEvents,
};

/** `signpost audit export`. */
export const auditExport: CommandSpec = {
  words: 'audit export',
  summary: 'Write all audit events to a file, one JSON object a line',
  options: [{ flags: '--out <file>', text: 'where to write', fallback: 'audit.ndjson' }],
  examples: ['signpost audit export --out audit.ndjson'],
  run: exportEvents,
};

async function listEvents(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const query = new URLSearchParams({ limit: String(options.integer('limit', 1) ?? 50) });
  if (options.flag('newest')) query.set('order', 'desc');
  if (options.flag('refused')) query.set('outcome', 'refused');
  for (const name of ['after', 'before']) {
    const sequence = options.integer(name, 0);
    if (sequence !== undefined) query.set(name, String(sequence));
  }
  for (const name of ['action', 'actor']) {
    const text = options.text(name);
    if (text !== undefined) query.set(name, text);
  }
  const document = await (await connectAuthenticated(invocation)).read(`/api/audit?${query}`);
  return answerTable(document, 'events', [
    'sequence',
    'at',
    'action',
    'actor.kind',
    'object.kind',
    'object.id',
    'outcome',
  ]);
}

async function exportEvents(invocation: Invocation): Promise<Answer> {
  const out = invocation.options.requiredText('out');
  const client = await connectAuthenticated(invocation);
  const response = await client.send('GET', '/api/audit/export');
  let lines = 0;
  const file = createWriteStream(out, { mode: 0o600 });
  const count = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of response.body ?? []) {
      for (const byte of chunk) if (byte === 0x0a) lines += 1;
      yield chunk;
    }
  };
  await pipeline(count, file);
  return { document: { file: out, events: lines }, lines: [`${lines} events written to ${out}.`] };
}
