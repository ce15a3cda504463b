/** `signpost ca tsa …`: whether and how an authority makes timestamps (RFC 3161). */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import type { JsonObject } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs } from '../answers.ts';

/** `signpost ca tsa enable`. */
export const tsaEnable: CommandSpec = {
  words: 'ca tsa enable',
  arguments: '<authority>',
  summary: 'Have an authority answer timestamp requests, or change how it does',
  details: [
    'The server makes a key and a certificate for timestamps alone, and renews both by itself. Anybody may then ask at /pki/AUTHORITY/tsa: `signpost timestamp`, `openssl ts`, signing tools. What is left out stays as it is.',
  ],
  options: [
    { flags: '--policy <oid>', text: 'the rules that you stand for, such as 1.3.6.1.4.1.99999.1' },
    { flags: '--accuracy <ms>', text: 'how far stamped time may be from true time; 1000 at first' },
    { flags: '--ordered <yes|no>', text: 'stamp milliseconds that never repeat', choices: ['yes', 'no'] },
  ],
  examples: ['signpost ca tsa enable issuing', 'signpost ca tsa enable issuing --accuracy 500 --ordered yes'],
  run: enable,
};

/** `signpost ca tsa status`. */
export const tsaStatus: CommandSpec = {
  words: 'ca tsa status',
  arguments: '<authority>',
  summary: 'Show how an authority makes timestamps, and by which certificate',
  examples: ['signpost ca tsa status issuing'],
  run: async (invocation) => describe(await (await connectAuthenticated(invocation)).read(pathOf(invocation))),
};

/** `signpost ca tsa disable`. */
export const tsaDisable: CommandSpec = {
  words: 'ca tsa disable',
  arguments: '<authority>',
  summary: 'Stop making timestamps and forget their key; what was stamped stays valid',
  examples: ['signpost ca tsa disable issuing'],
  run: disable,
};

async function enable(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const [policy, ordered] = [options.text('policy'), options.text('ordered')];
  const accuracyMs = options.integer('accuracy', 1);
  const body = {
    ...(policy !== undefined && { policy }),
    ...(accuracyMs !== undefined && { accuracy_ms: accuracyMs }),
    ...(ordered !== undefined && { ordered: ordered === 'yes' }),
  };
  return describe(await (await connectAuthenticated(invocation)).request('POST', pathOf(invocation), { body }));
}

async function disable(invocation: Invocation): Promise<Answer> {
  const authority = readArgument(invocation, 0);
  await invocation.prompt.confirm(`Stop timestamps of ${authority} and forget their key?`);
  await (await connectAuthenticated(invocation)).request('DELETE', pathOf(invocation));
  return { document: { authority, enabled: false }, lines: [`${authority} makes no timestamps any more.`] };
}

function pathOf(invocation: Invocation): string {
  return `/api/authorities/${parseAuthorityName(readArgument(invocation, 0))}/tsa`;
}

/** A name of an authority as it stands in addresses. Throws Failure `usage` for anything else. */
export function parseAuthorityName(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new Failure('usage', `expected the name of an authority, got "${text}"`, { hint: 'signpost ca list' });
}

function describe(document: JsonObject): Answer {
  const names = ['authority', 'url', 'policy', 'accuracy_ms', 'ordered', 'certificate.id', 'certificate.state'];
  return answerPairs(document, [...names, 'certificate.not_after']);
}
