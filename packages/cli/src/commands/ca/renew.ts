/** `signpost ca renew`, `cross-sign`, `rekey` and `successor`: how authorities go on. */
import { type CommandSpec, type Invocation, readArgument, secretOptions } from '../../command.ts';
import { textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import {
  answerAuthority,
  askNewRootPassphrase,
  askPassphraseOf,
  authorityPath,
  keyTypeOption,
  rootPassphraseOptions,
} from './options.ts';

const daysOption = { flags: '--days <days>', text: 'how long the certificate holds' };

/** `signpost ca renew`. */
export const caRenew: CommandSpec = {
  words: 'ca renew',
  arguments: '<name>',
  summary: 'Give an authority a new certificate for the same key; the old one stays valid',
  details: ['Below an offline root it makes a request instead, for `signpost ca request` and `import-certificate`.'],
  options: [daysOption, ...rootPassphraseOptions],
  examples: ['signpost ca renew issuing'],
  run: renew,
};

/** `signpost ca cross-sign`. */
export const caCrossSign: CommandSpec = {
  words: 'ca cross-sign',
  arguments: '<name>',
  summary: 'Have another authority sign the key too: who trusts that one trusts this one',
  options: [{ flags: '--issuer <name>', text: 'who signs', required: true }, daysOption, ...rootPassphraseOptions],
  examples: ['signpost ca cross-sign new-root --issuer old-root'],
  run: crossSign,
};

/** `signpost ca rekey`. */
export const caRekey: CommandSpec = {
  words: 'ca rekey',
  arguments: '<name>',
  summary: 'Make the next generation of an authority, with a key and name of its own',
  details: [
    'What is asked of the old name is issued by the new authority from then on; the old one stays valid for what it issued, and goes on with its lists and answers. A new root is signed by the old one as well.',
    'With --later the old one goes on issuing until `signpost ca successor`: clients must have a new root first.',
  ],
  options: [
    { flags: '--name <name>', text: 'of the new one; NAME-g2 when absent' },
    keyTypeOption,
    daysOption,
    { flags: '--later', text: 'leave the old one in its place for now' },
    ...rootPassphraseOptions,
    ...secretOptions('new-passphrase', 'the passphrase of a new root'),
  ],
  examples: ['signpost ca rekey issuing', 'signpost ca rekey example-root --later'],
  run: rekey,
};

/** `signpost ca successor`. */
export const caSuccessor: CommandSpec = {
  words: 'ca successor',
  arguments: '<name> [successor]',
  summary: 'Let another authority issue what is asked of this one; without one, itself again',
  examples: ['signpost ca successor issuing issuing-g2', 'signpost ca successor issuing'],
  run: setSuccessor,
};

async function renew(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const name = readArgument(invocation, 0);
  const { parent } = await client.read(authorityPath(name));
  const opening = await askPassphraseOf(invocation, client, typeof parent === 'string' ? parent : name);
  const body = { ...readDays(invocation), ...opening };
  const document = await client.request('POST', authorityPath(name, 'renew'), { body });
  if (document.request === null) return answerAuthority(document, `${name} has a new certificate.`, '');
  return answerAuthority(document, `${name} waits for its certificate. Next: signpost ca request ${name}`, '');
}

async function crossSign(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const [name, issuer] = [readArgument(invocation, 0), invocation.options.requiredText('issuer')];
  const body = { issuer, ...readDays(invocation), ...(await askPassphraseOf(invocation, client, issuer)) };
  const document = await client.request('POST', authorityPath(name, 'cross-sign'), { body });
  return answerAuthority(document, `${issuer} has signed the key of ${name}.`, '');
}

async function rekey(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const client = await connectAuthenticated(invocation);
  const old = readArgument(invocation, 0);
  const [name, keyType] = [options.text('name'), options.text('key-type')];
  const body = {
    ...(name !== undefined && { name }),
    ...(keyType !== undefined && { key_type: keyType }),
    ...readDays(invocation),
    ...(await askForRekeying(invocation, client, old)),
    later: options.flag('later'),
  };
  const document = await client.request('POST', authorityPath(old, 'rekey'), { body });
  const made = textOf(document, 'name');
  const next = options.flag('later')
    ? `Next: signpost ca successor ${old} ${made}, once clients know it`
    : `it issues what is asked of ${old}`;
  return answerAuthority(document, `${made} is made. ${next}`, '');
}

async function askForRekeying(invocation: Invocation, client: Client, old: string) {
  const { kind, parent } = await client.read(authorityPath(old));
  if (kind !== 'root') return askPassphraseOf(invocation, client, typeof parent === 'string' ? parent : old);
  const opening = await askPassphraseOf(invocation, client, old);
  const next = await askNewRootPassphrase(invocation, `after ${old}`, 'new-passphrase');
  return { ...opening, new_passphrase: next };
}

async function setSuccessor(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const name = readArgument(invocation, 0);
  const successor = invocation.arguments[1];
  const body = { successor: typeof successor === 'string' ? successor : null };
  const document = await client.request('POST', authorityPath(name, 'successor'), { body });
  return answerAuthority(document, `What is asked of ${name} is issued by ${body.successor ?? name}.`, '');
}

function readDays({ options }: Invocation): { readonly days?: number } {
  const days = options.integer('days', 1);
  return days === undefined ? {} : { days };
}
