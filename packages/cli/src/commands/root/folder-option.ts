/** What the commands of the offline root share: the folder, the passphrase, and how an edit is written and answered. */
import type { Signer } from '@signpost/protocol/keys/ed25519';
import { type Invocation, type OptionSpec, readSecretSource, secretOptions } from '../../command.ts';
import { type KeyFile, unlockKeyFile } from '../../keys/key-file.ts';
import { minPassphraseLength } from '../../keys/passphrase-cipher.ts';
import { assertSignable, type Draft, isSameDraft, shortId } from '../../root/draft.ts';
import { openRootFolder, type RootFolder, writeDraft } from '../../root/folder.ts';
import type { Answer, JsonValue } from '../../terminal/output.ts';
import { isReadableByOthers } from '../../terminal/prompt.ts';

/** `--dir`. */
export const dirOption: OptionSpec = { flags: '--dir <path>', text: 'the root folder', fallback: 'signpost-root' };

/** `--passphrase-file` and `--passphrase-fd`. */
export const passphraseOptions: readonly OptionSpec[] = secretOptions('passphrase', 'the passphrase');

/** Opens the folder that `--dir` names. */
export async function openFolder({ options }: Invocation): Promise<RootFolder> {
  return openRootFolder(options.requiredText('dir'));
}

/** An edited draft and what to say about it. */
export interface DraftEdit {
  readonly draft: Draft;
  readonly line: string;
  readonly document: { readonly [name: string]: JsonValue };
}

/** Applies `edit` to the draft and says what to do next. Nothing is written when the result could not be signed. */
export async function editDraft(invocation: Invocation, edit: (draft: Draft) => DraftEdit): Promise<Answer> {
  const folder = await openFolder(invocation);
  const { draft, line, document } = edit(folder.draft);
  await assertSignable(draft);
  const changed = !isSameDraft(draft, folder.draft);
  if (changed) await writeDraft(folder.dir, draft);
  return {
    document: { ...document, changed },
    lines: changed ? [line, 'It takes effect with `signpost root sign`.'] : ['The draft says so already.'],
  };
}

/** Asks for the passphrase of a new key, twice. */
export async function askNewPassphrase(invocation: Invocation, what: string): Promise<string> {
  const source = readSecretSource(invocation.options, 'passphrase');
  warnIfReadable(invocation, source.file);
  return invocation.prompt.askNewSecret(`Passphrase for ${what}`, source, {
    option: 'passphrase',
    minLength: minPassphraseLength,
  });
}

/** Unlocks `keys`, asking once for each; a passphrase from a file or descriptor is read once and tried on all. */
export async function unlockKeys(invocation: Invocation, keys: readonly KeyFile[]): Promise<Signer[]> {
  const source = readSecretSource(invocation.options, 'passphrase');
  warnIfReadable(invocation, source.file);
  const isAsked = source.file === undefined && source.fd === undefined;
  const given = isAsked ? undefined : await invocation.prompt.askSecret('the passphrase', source, 'passphrase');
  const signers: Signer[] = [];
  for (const key of keys) {
    const name = `Passphrase of ${key.purpose} key ${shortId(key.keyId)} "${key.label}"`;
    signers.push(await unlockKeyFile(key, given ?? (await invocation.prompt.askSecret(name, source, 'passphrase'))));
  }
  return signers;
}

function warnIfReadable({ output }: Invocation, file: string | undefined): void {
  if (file !== undefined && isReadableByOthers(file))
    output.warn(`${file} can be read by others; chmod 600 keeps it private`);
}
