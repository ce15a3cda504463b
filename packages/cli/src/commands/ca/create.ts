/** `signpost ca create-root` and `create-intermediate`: authorities whose keys the server keeps. */
import { type CommandSpec, type Invocation, readArgument, secretOptions } from '../../command.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import {
  answerAuthority,
  askNewRootPassphrase,
  askPassphraseOf,
  constraintOptions,
  keyTypeOption,
  lifeOptions,
  readLife,
  readSubject,
  rootPassphraseOptions,
  subjectOptions,
} from './options.ts';

/** `signpost ca create-root`. */
export const caCreateRoot: CommandSpec = {
  words: 'ca create-root',
  arguments: '<name>',
  summary: 'Make a root whose key opens with the vault and a passphrase together',
  details: [
    'The passphrase is asked for whenever the root signs: an intermediate, its own renewal, its revocation list. The server stores it nowhere; without it the root can never sign again.',
    'For a root that is never on the server at all: `signpost ca root init`, on another machine.',
  ],
  options: [...subjectOptions, keyTypeOption, ...lifeOptions, ...secretOptions('passphrase', 'the new passphrase')],
  examples: ['signpost ca create-root example-root --cn "Example Root CA" --o Example --path-length 1'],
  run: createRoot,
};

/** `signpost ca create-intermediate`. */
export const caCreateIntermediate: CommandSpec = {
  words: 'ca create-intermediate',
  arguments: '<name>',
  summary: 'Make an intermediate, which issues certificates day by day',
  details: [
    'Below an offline root it waits: take its request to the root by `signpost ca request`, and its certificate back by `signpost ca import-certificate`.',
  ],
  options: [
    { flags: '--parent <name>', text: 'the authority above', required: true },
    { flags: '--profile <name>', text: 'a profile of intermediates, built in unless it is your own' },
    ...subjectOptions,
    keyTypeOption,
    ...lifeOptions,
    ...constraintOptions,
    ...rootPassphraseOptions,
  ],
  examples: [
    'signpost ca create-intermediate issuing --parent example-root --cn "Example Issuing CA" --o Example',
    'signpost ca create-intermediate lab --parent example-root --cn "Lab CA" --permit dns:lab.example.com --permit ip:10.1.0.0/16',
  ],
  run: createIntermediate,
};

async function createRoot(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const name = readArgument(invocation, 0);
  const passphrase = await askNewRootPassphrase(invocation, name);
  const body = { kind: 'root', name, ...describe(invocation), passphrase };
  const made = await client.request('POST', '/api/authorities', { body });
  const next = `Next: signpost ca create-intermediate issuing --parent ${name} --cn "… Issuing CA"`;
  return answerAuthority(made, `The root ${name} is made. ${next}`, '');
}

async function createIntermediate(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const client = await connectAuthenticated(invocation);
  const [name, parent] = [readArgument(invocation, 0), options.requiredText('parent')];
  const [permitted, excluded] = [options.texts('permit'), options.texts('exclude')];
  const constraints = permitted.length + excluded.length > 0 ? { name_constraints: { permitted, excluded } } : {};
  const opening = await askPassphraseOf(invocation, client, parent);
  const [profile, place] = [options.text('profile'), { kind: 'intermediate', name, parent }];
  const rules = { ...(profile !== undefined && { profile }), ...constraints };
  const body = { ...place, ...describe(invocation), ...rules, ...opening };
  const made = await client.request('POST', '/api/authorities', { body });
  return answerAuthority(made, describeMade(name, made.state === 'pending'), '');
}

function describe(invocation: Invocation) {
  const keyType = invocation.options.text('key-type');
  return {
    subject: readSubject(invocation),
    ...(keyType !== undefined && { key_type: keyType }),
    ...readLife(invocation),
  };
}

function describeMade(name: string, isPending: boolean): string {
  if (!isPending) return `The intermediate ${name} is made and can issue.`;
  return `The intermediate ${name} waits for its certificate. Next: signpost ca request ${name} --out ${name}.csr`;
}
