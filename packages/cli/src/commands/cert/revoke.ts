/** `signpost cert revoke`, `hold`, `release` and `check`. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { objectsOf, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { proofOptions, requestProven } from '../../http/person.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs } from '../answers.ts';
import { resolveCertificate } from './list.ts';

const fields = ['id', 'common_name', 'authority', 'state', 'reason', 'revoked_at', 'invalid_from'];

/** `signpost cert revoke`. */
export const certRevoke: CommandSpec = {
  words: 'cert revoke',
  arguments: '<certificate>',
  summary: 'Revoke a certificate for good; who asks learns of it within a second',
  options: [
    {
      flags: '--reason <reason>',
      text: 'why (RFC 5280, 5.3.1)',
      choices: [
        ...['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation'],
        ...['privilegeWithdrawn', 'aACompromise'],
      ],
      fallback: 'unspecified',
    },
    { flags: '--invalid-from <time>', text: 'since when the key is thought to be lost, such as 2026-11-01T00:00:00Z' },
    ...proofOptions(),
  ],
  examples: ['signpost cert revoke www.example.com --reason keyCompromise --invalid-from 2026-11-01T00:00:00Z'],
  run: async (invocation) => {
    const { options, prompt } = invocation;
    const client = await connectAuthenticated(invocation);
    const name = readArgument(invocation, 0);
    const id = await resolveCertificate(client, name);
    await prompt.confirm(`Revoke certificate ${name} for good?`);
    const from = options.text('invalid-from');
    const time = from === undefined ? undefined : new Date(from);
    if (time && Number.isNaN(time.getTime()))
      throw new Failure('usage', `expected --invalid-from to be a time, got "${from}"`);
    const body = { reason: options.requiredText('reason'), ...(time ? { invalid_from: time.toISOString() } : {}) };
    return answerPairs(
      await requestProven(invocation, client, { path: `/api/certificates/${id}/revoke`, body }),
      fields,
    );
  },
};

/** `signpost cert hold`. */
export const certHold: CommandSpec = {
  words: 'cert hold',
  arguments: '<certificate>',
  summary: 'Put a certificate on hold: revoked for all who ask, until it is released',
  examples: ['signpost cert hold www.example.com'],
  run: (invocation) => move(invocation, 'hold'),
};

/** `signpost cert release`. */
export const certRelease: CommandSpec = {
  words: 'cert release',
  arguments: '<certificate>',
  summary: 'Make a certificate on hold valid again',
  examples: ['signpost cert release 01990b3a-0000-7000-8000-000000000000'],
  run: (invocation) => move(invocation, 'release'),
};

async function move(invocation: Invocation, what: 'hold' | 'release'): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const id = await resolveCertificate(client, readArgument(invocation, 0));
  return answerPairs(await client.request('POST', `/api/certificates/${id}/${what}`), fields);
}

/** `signpost cert check`. */
export const certCheck: CommandSpec = {
  words: 'cert check',
  summary: 'Hold the database against certificates, their chains and keys, and the published revocation lists',
  options: [{ flags: '--repair', text: 'write again what certificates and lists prove' }],
  examples: ['signpost cert check', 'signpost cert check --repair'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    const repair = invocation.options.flag('repair');
    const document = repair
      ? await client.request('POST', '/api/certificates/consistency/repair')
      : await client.read('/api/certificates/consistency');
    const findings = objectsOf(document, 'findings');
    const lines = findings.map(
      (one) => `${one.certificate_id ?? one.authority}  ${textOf(one, 'problem')}  ${textOf(one, 'outcome')}`,
    );
    const open = findings.filter(({ outcome }) => outcome !== 'repaired').length;
    const verdict = `${document.checked} certificates checked, ${document.found} findings`;
    return { document, lines: [...lines, verdict], ...(open > 0 ? { reason: 'unverified' as const } : {}) };
  },
};
