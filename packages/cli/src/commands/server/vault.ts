/** `signpost unlock`, `lock`, `vault change-password` and `vault reset`: the vault of a running server. */
import { type CommandSpec, type Invocation, readSecretSource, secretOptions } from '../../command.ts';
import { textsOf } from '../../http/answer.ts';
import { connectAuthenticated, connectForLogin } from '../../http/connect.ts';
import { askPerson, personOptions } from '../../http/person.ts';
import { factorOf } from '../../http/session.ts';
import type { Answer } from '../../terminal/output.ts';

const minPasswordLength = 12;

/** `signpost unlock`. */
export const unlock: CommandSpec = {
  words: 'unlock',
  summary: 'Unlock the vault of a running server with its master password',
  options: secretOptions('password', 'the master password'),
  examples: ['signpost unlock', 'signpost unlock --password-fd 3 3< master-password'],
  run: unlockVault,
};

/** `signpost lock`. */
export const lock: CommandSpec = {
  words: 'lock',
  summary: 'Lock the vault: downloads go on, nothing is signed, nobody logs in',
  examples: ['signpost lock'],
  run: async (invocation) => {
    await (await connectAuthenticated(invocation)).request('POST', '/api/vault/lock');
    return { document: { state: 'locked' }, lines: ['The vault is locked.'] };
  },
};

/** `signpost vault change-password`. */
export const vaultChangePassword: CommandSpec = {
  words: 'vault change-password',
  summary: 'Change the master password; nothing in the vault is lost',
  details: [
    "Only the wrapping of the vault's key changes. Who knows the old password *and* has an older copy of the database can still read that copy: when both may be in wrong hands, use `signpost vault reset` and make the secrets anew. A file that SIGNPOST_VAULT_PASSWORD_FILE names is yours to change before the next start.",
  ],
  options: [
    ...secretOptions('password', 'the present master password'),
    ...secretOptions('new-password', 'the new master password'),
  ],
  examples: ['signpost vault change-password'],
  run: changeMasterPassword,
};

/** `signpost vault reset`. */
export const vaultReset: CommandSpec = {
  words: 'vault reset',
  summary: 'Start a new vault under a new master password; every secret in the old one is lost',
  details: [
    'For a master password that is lost or known to others. Signing keys of the server open no more and are made anew (`signpost key create`), all sessions end, and nothing brings the old secrets back. What must be made again is listed.',
    'For an admin in person: an API key is not enough. It works while the vault is locked, when nobody can log in. Whoever has a second factor gives a recovery code by --code-file: an authenticator app cannot be checked while the vault is locked.',
  ],
  options: [...personOptions(), ...secretOptions('new-password', 'the new master password')],
  examples: ['signpost vault reset --email alice@example.org'],
  run: resetVault,
};

async function unlockVault(invocation: Invocation): Promise<Answer> {
  const { options, prompt } = invocation;
  const client = await connectForLogin(invocation);
  const password = await prompt.askSecret('Master password', readSecretSource(options, 'password'), 'password');
  await client.request('POST', '/api/vault/unlock', { body: { password } });
  return { document: { state: 'unlocked' }, lines: ['The vault is unlocked.'] };
}

async function changeMasterPassword(invocation: Invocation): Promise<Answer> {
  const { options, prompt } = invocation;
  const client = await connectAuthenticated(invocation);
  const current = await prompt.askSecret('Master password', readSecretSource(options, 'password'), 'password');
  const next = await prompt.askNewSecret('New master password', readSecretSource(options, 'new-password'), {
    option: 'new-password',
    minLength: minPasswordLength,
  });
  const document = await client.request('POST', '/api/vault/change-password', { body: { current, new: next } });
  return {
    document,
    lines: ['The master password is changed. Change the file of SIGNPOST_VAULT_PASSWORD_FILE too, if there is one.'],
  };
}

async function resetVault(invocation: Invocation): Promise<Answer> {
  const { options, prompt } = invocation;
  const client = await connectForLogin(invocation);
  await prompt.confirm('Lose every secret in the vault, the signing keys of this server among them?');
  const proof = await askPerson(invocation);
  const next = await prompt.askNewSecret('New master password', readSecretSource(options, 'new-password'), {
    option: 'new-password',
    minLength: minPasswordLength,
  });
  const { email, password, askCode } = proof;
  const source = readSecretSource(options, 'code');
  // Whether there is a second factor is told to nobody before the password was right, and that comes with it.
  const isGiven = source.file !== undefined || source.fd !== undefined;
  const factor = isGiven ? factorOf(await askCode()) : {};
  const body = { email, password, ...factor, new_master_password: next, confirm: 'reset' };
  const document = await client.request('POST', '/api/vault/reset', { body });
  const lost = textsOf(document, 'must_be_reentered');
  return { document, lines: ['The vault is new and unlocked. To be made again:', ...lost.map((name) => `  ${name}`)] };
}
