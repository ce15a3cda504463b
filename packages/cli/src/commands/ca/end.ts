/** `signpost ca retire` and `revoke`: how authorities end. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { numberOf, textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { proofOptions, requestProven } from '../../http/person.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerAuthority, authorityPath } from './options.ts';

const reasons = [
  'unspecified',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
];

/** `signpost ca retire`. */
export const caRetire: CommandSpec = {
  words: 'ca retire',
  arguments: '<name>',
  summary: 'Let an authority issue nothing more; what it issued stays valid',
  examples: ['signpost ca retire issuing'],
  run: retire,
};

/** `signpost ca revoke`. */
export const caRevoke: CommandSpec = {
  words: 'ca revoke',
  arguments: '<name>',
  summary: 'Revoke an authority; --cascade revokes all below it, too',
  details: [
    'Shows first what would be revoked with it. Where the authority above is a root, its list waits for its passphrase: `signpost ca crl publish`, or `ca root crl` and `ca crl import`.',
  ],
  options: [
    { flags: '--reason <reason>', text: 'why', choices: reasons, fallback: 'unspecified' },
    { flags: '--invalid-from <time>', text: 'since when the key is not to be trusted, RFC 3339' },
    { flags: '--cascade', text: 'revoke everything below it' },
    ...proofOptions(),
  ],
  examples: ['signpost ca revoke issuing --reason cACompromise --invalid-from 2026-11-01T00:00:00Z --cascade'],
  run: revoke,
};

async function retire(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const name = readArgument(invocation, 0);
  await invocation.prompt.confirm(`Let ${name} issue nothing more?`);
  const document = await client.request('POST', authorityPath(name, 'retire'), { body: {} });
  return answerAuthority(document, `${name} is retired.`, '');
}

async function revoke(invocation: Invocation): Promise<Answer> {
  const { options, output, prompt } = invocation;
  const client = await connectAuthenticated(invocation);
  const name = readArgument(invocation, 0);
  const consequences = await client.read(authorityPath(name, 'consequences'));
  const [count, below] = [numberOf(consequences, 'certificates'), textsOf(consequences, 'authorities')];
  const cascade = options.flag('cascade');
  output.show([
    `Certificates under ${name} that are valid: ${count}`,
    ...(below.length > 0 ? [`Authorities below it: ${below.join(', ')}`] : []),
  ]);
  if (count > 0 && !cascade) {
    throw new Failure('refused', `${name} has valid certificates under it`, {
      hint: 'with --cascade they are revoked with it; `signpost ca rekey` first makes what takes over',
    });
  }
  await prompt.confirm(cascade ? `Revoke ${name} and all of these?` : `Revoke ${name}?`);
  const from = options.text('invalid-from');
  const body = { reason: options.requiredText('reason'), cascade, ...(from !== undefined && { invalid_from: from }) };
  const document = await requestProven(invocation, client, { path: authorityPath(name, 'revoke'), body });
  const parent = document.parent;
  const told = typeof parent === 'string' ? ` ${parent} lists it: signpost ca crl publish ${parent}` : '';
  return answerAuthority(document, `${name} is revoked.${told}`, '');
}
