/** What people say of a backup's encryption: recipients or a passphrase when it is made, a key file or it when it is opened. */
import { open, readFile } from 'node:fs/promises';
import { type Invocation, type OptionSpec, readSecretSource, secretOptions } from '../../command.ts';
import { Failure } from '../../terminal/failure.ts';

/** How a backup is encrypted. */
export interface LockWords {
  readonly recipients?: readonly string[];
  readonly passphrase?: string;
}

/** What opens a backup. */
export interface OpenerWords {
  readonly identity?: string;
  readonly passphrase?: string;
}

/** The options of `readLock`. */
export const lockOptions: readonly OptionSpec[] = [
  {
    flags: '--recipient <key>',
    text: 'encrypt to this public key (age1…); may be given several times',
    repeatable: true,
  },
  ...secretOptions('passphrase', 'a passphrase to encrypt to'),
  { flags: '--plain', text: 'do not encrypt' },
];

/** The options of `readOpener`. */
export const openerOptions: readonly OptionSpec[] = [
  { flags: '--identity <file>', text: 'the key file that opens the backup' },
  ...secretOptions('passphrase', 'the passphrase of the backup'),
];

const minPassphraseLength = 12;
const maxKeyFileBytes = 64 * 1024;
const magic = 'age-encryption.org/';

/** Whether anything is said of the encryption. Throws Failure `usage` for more than one thing. */
export function isLockChosen({ options }: Pick<Invocation, 'options'>): boolean {
  const source = readSecretSource(options, 'passphrase');
  const isPassphrase = source.file !== undefined || source.fd !== undefined;
  const choices = [options.texts('recipient').length > 0, options.flag('plain'), isPassphrase].filter(Boolean);
  if (choices.length > 1) throw new Failure('usage', 'expected one of --recipient, --plain and a passphrase');
  return choices.length === 1;
}

/** Recipients, `--plain`, or a passphrase, which is asked when nothing is said. */
export async function readLock(invocation: Invocation): Promise<LockWords> {
  const { options, prompt } = invocation;
  isLockChosen(invocation);
  const recipients = options.texts('recipient');
  const source = readSecretSource(options, 'passphrase');
  if (recipients.length > 0) return { recipients };
  if (options.flag('plain')) return {};
  const rules = { option: 'passphrase', minLength: minPassphraseLength };
  return { passphrase: await prompt.askNewSecret('Passphrase of the backup', source, rules) };
}

/** What opens the backup at `path`; nothing for one that is not encrypted. Asks for a passphrase when nothing is said. */
export async function readOpener({ options, prompt }: Invocation, path: string): Promise<OpenerWords> {
  const identity = options.text('identity');
  if (identity !== undefined) return { identity: await readKeyFile(identity) };
  if (!(await isEncrypted(path))) return {};
  const source = readSecretSource(options, 'passphrase');
  return { passphrase: await prompt.askSecret('Passphrase of the backup', source, 'passphrase') };
}

async function readKeyFile(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  if (text.length <= maxKeyFileBytes) return text;
  throw new Failure('refused', `expected a key file of at most ${maxKeyFileBytes} bytes`);
}

async function isEncrypted(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0);
    return buffer.toString('latin1') === magic;
  } finally {
    await file.close();
  }
}
