/** `signpost login` and `signpost logout`: a password for a moment, an API key for a while. */
import { hostname } from 'node:os';
import { type CommandSpec, type Invocation, readSecretSource, secretOptions } from '../../command.ts';
import { textOf } from '../../http/answer.ts';
import { Client } from '../../http/client.ts';
import { connectForLogin, resolveBase } from '../../http/connect.ts';
import { forgetCredential, readCredentials, recordCredential } from '../../http/credentials.ts';
import { openSession, type Session } from '../../http/session.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';

/** `signpost login`. */
export const login: CommandSpec = {
  words: 'login',
  summary: 'Log in to a server',
  details: [
    'The password is used once, to make an API key that may do what your role may do. The key is kept in your configuration folder, readable by you only, until it expires or you log out. SIGNPOST_API_KEY takes its place in continuous integration.',
  ],
  options: [
    { flags: '--email <address>', text: 'who you are' },
    { flags: '--days <days>', text: 'how long the key holds', fallback: '30' },
    ...secretOptions('password', 'the password'),
  ],
  examples: ['signpost login --server https://updates.example.org --email alice@example.org'],
  run: logIn,
};

/** `signpost logout`. */
export const logout: CommandSpec = {
  words: 'logout',
  summary: 'Revoke the API key of the last login and forget it',
  examples: ['signpost logout'],
  run: logOut,
};

const verbs: readonly string[] = ['read', 'upload', 'activate', 'manage', 'admin'];

async function logIn(invocation: Invocation): Promise<Answer> {
  const { options, prompt, environment } = invocation;
  const client = await connectForLogin(invocation);
  const days = options.integer('days', 1) ?? 30;
  const email = options.text('email') ?? (await prompt.askText('E-mail address', '--email'));
  const password = await prompt.askSecret('Password', readSecretSource(options, 'password'), 'password');
  const session = await openSession(client, email, password);
  const made = await createKey(session, days).finally(() => session.close());
  const apiKeyId = textOf(made, 'id');
  await recordCredential(environment.configDir, {
    base: client.base,
    apiKey: textOf(made, 'key'),
    apiKeyId,
    email: session.email,
  });
  return {
    document: { server: client.base, email: session.email, role: session.role, api_key_id: apiKeyId },
    lines: [`Logged in to ${client.base} as ${session.email} (${session.role}) for ${days} days.`],
  };
}

/** A key outlives roles and people, so only admins make them. */
async function createKey(session: Session, days: number) {
  if (session.role !== 'admin') {
    throw new Failure('refused', `a ${session.role} cannot make the API key that a login needs`, {
      hint: 'ask an admin for a key (signpost api-key create --verb read --verb upload) and set SIGNPOST_API_KEY to it',
    });
  }
  return session.request('POST', '/api/api-keys', {
    name: `login at ${hostname()}`,
    scope: '*',
    verbs,
    expires_in_days: days,
  });
}

async function logOut(invocation: Invocation): Promise<Answer> {
  const { environment, output, fetch } = invocation;
  const base = await resolveBase(invocation);
  const known = (await readCredentials(environment.configDir)).find((entry) => entry.base === base);
  if (!known) throw new Failure('refused', `you are not logged in to ${base}`);
  const client = new Client({ base, apiKey: known.apiKey, fetch });
  const revoked = await client.request('DELETE', `/api/api-keys/${known.apiKeyId}`).then(
    () => true,
    (error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      output.warn(
        `the key was forgotten here but not revoked: ${error.message}; an admin can: signpost api-key revoke ${known.apiKeyId}`,
      );
      return false;
    },
  );
  await forgetCredential(environment.configDir, base);
  return { document: { server: base, revoked }, lines: [`Logged out of ${base}.`] };
}
