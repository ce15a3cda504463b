/** `signpost factor …` and `organisation second-factor`: what people prove themselves by besides the password. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { asObject, type JsonObject, numberOf, objectsOf, textOf, textsOf } from '../../http/answer.ts';
import { askPerson, personOptions, withPerson } from '../../http/person.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';

const columns = ['factor', 'id', 'name', 'created_at', 'last_used_at', 'suspended'];

/** `signpost factor list`. */
export const factorList: CommandSpec = {
  words: 'factor list',
  summary: 'List your second factors, and how many recovery codes are left',
  options: personOptions(),
  examples: ['signpost factor list --email alice@example.org'],
  run: async (invocation) =>
    withPerson(invocation, await askPerson(invocation), async (session) =>
      describeFactors(await session.request('GET', '/api/factors')),
    ),
};

/** `signpost factor add-totp`. */
export const factorAddTotp: CommandSpec = {
  words: 'factor add-totp',
  summary: 'Add an authenticator app: log-ins ask for its code from then on',
  details: [
    'It shows what the app must be told, and asks for the code that the app shows then. With the first second factor you get ten recovery codes, shown this once, and your other sessions end. Passkeys are added in a browser.',
  ],
  options: personOptions(),
  examples: ['signpost factor add-totp --email alice@example.org'],
  run: addTotp,
};

/** `signpost factor remove`. */
export const factorRemove: CommandSpec = {
  words: 'factor remove',
  arguments: '<factor>',
  summary: 'Remove your authenticator app ("totp"), or a passkey by its id',
  options: personOptions(),
  examples: ['signpost factor remove totp', 'signpost factor remove 0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e'],
  run: removeFactor,
};

/** `signpost factor recovery-codes`. */
export const factorRecoveryCodes: CommandSpec = {
  words: 'factor recovery-codes',
  summary: 'Make ten new recovery codes, shown this once; the old ones hold no more',
  options: personOptions(),
  examples: ['signpost factor recovery-codes --email alice@example.org'],
  run: remakeCodes,
};

/** `signpost organisation second-factor`. */
export const organisationSecondFactor: CommandSpec = {
  words: 'organisation second-factor',
  arguments: '<rule>',
  summary: 'Demand a second factor of everybody ("required"), or leave it to them ("optional")',
  details: ['Whoever has none can do nothing but enrol one from then on. API keys and client certificates go on.'],
  options: personOptions(),
  examples: ['signpost organisation second-factor required'],
  run: changeRule,
};

async function addTotp(invocation: Invocation): Promise<Answer> {
  const { output, prompt } = invocation;
  const words = await askPerson(invocation);
  const { password } = words;
  return withPerson(invocation, words, async (session) => {
    const offered = await session.request('POST', '/api/factors/totp', { password });
    output.show(['Tell your app:', `  ${textOf(offered, 'uri')}`, `  or by hand: ${textOf(offered, 'secret')}`]);
    const code = await prompt.askText('Code that the app shows now', 'a terminal');
    const confirmed = await session.request('POST', '/api/factors/totp/confirm', { code: code.replaceAll(' ', '') });
    return describeCodes({ ...confirmed, added: true }, 'The app counts from now on.');
  });
}

async function removeFactor(invocation: Invocation): Promise<Answer> {
  const factor = readArgument(invocation, 0);
  await invocation.prompt.confirm(`Remove ${factor === 'totp' ? 'the authenticator app' : `passkey ${factor}`}?`);
  const words = await askPerson(invocation);
  const { password } = words;
  const path = factor === 'totp' ? 'totp' : `passkeys/${encodeURIComponent(factor)}`;
  return withPerson(invocation, words, async (session) => {
    await session.request('POST', `/api/factors/${path}/remove`, { password });
    return { document: { factor, removed: true }, lines: [`${factor} is removed.`] };
  });
}

async function remakeCodes(invocation: Invocation): Promise<Answer> {
  const words = await askPerson(invocation);
  const { password } = words;
  return withPerson(invocation, words, async (session) =>
    describeCodes(
      await session.request('POST', '/api/factors/recovery-codes', { password }),
      'The old codes are gone.',
    ),
  );
}

async function changeRule(invocation: Invocation): Promise<Answer> {
  const rule = readArgument(invocation, 0);
  if (rule !== 'required' && rule !== 'optional') {
    throw new Failure('usage', `expected "required" or "optional", got "${rule}"`);
  }
  const words = await askPerson(invocation);
  const { password } = words;
  return withPerson(invocation, words, async (session) => {
    const body = { second_factor: rule, password };
    const document = await session.request('PUT', '/api/organisation/second-factor', body);
    return { document, lines: [`A second factor is ${rule} in ${textOf(document, 'name')}.`] };
  });
}

function describeFactors(document: JsonObject): Answer {
  const app =
    document.totp === null ? [] : [['totp', '-', '-', textOf(asObject(document.totp), 'created_at'), '-', 'no']];
  const passkeys = objectsOf(document, 'passkeys').map((passkey) => [
    'passkey',
    textOf(passkey, 'id'),
    textOf(passkey, 'name'),
    textOf(passkey, 'created_at'),
    passkey.last_used_at === null ? '-' : textOf(passkey, 'last_used_at'),
    passkey.suspended === true ? 'yes' : 'no',
  ]);
  const left = numberOf(document, 'recovery_codes_left');
  return { document, lines: [...formatTable(columns, [...app, ...passkeys]), `Recovery codes left: ${left}`] };
}

function describeCodes(document: JsonObject, first: string): Answer {
  const codes = textsOf(document, 'recovery_codes');
  const lines =
    codes.length === 0 ? [] : ['Recovery codes, shown this once, each good once:', ...codes.map((code) => `  ${code}`)];
  return { document, lines: [first, ...lines] };
}
