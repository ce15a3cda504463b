/** `signpost login` and `signpost logout`: a password for a moment, a session for the day, or an API key for longer. */
import { hostname } from 'node:os';
import { type CommandSpec, type Invocation, readSecretSource, secretOptions } from '../../command.ts';
import { type JsonObject, textOf } from '../../http/answer.ts';
import { Client } from '../../http/client.ts';
import { connectForLogin, resolveBase } from '../../http/connect.ts';
import { forgetCredential, headersOf, type Proof, readCredentials, recordCredential } from '../../http/credentials.ts';
import { codeOptions, createAskCode } from '../../http/person.ts';
import { openSession, type Session } from '../../http/session.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';

/** `signpost login`. */
export const login: CommandSpec = {
  words: 'login',
  summary: 'Log in to a server',
  details: [
    'The password opens a session of twelve hours, which may do what your role may do. It is kept in your configuration folder, readable by you only, and ends when you log out, when an admin ends it, or when your access does.',
    'Whoever has an authenticator app is asked for its code after the password; a recovery code does as well. A passkey alone is for browsers.',
    'With --days an admin gets an API key instead, which lasts longer and also holds while the vault is locked. SIGNPOST_API_KEY takes the place of both in continuous integration.',
  ],
  options: [
    { flags: '--email <address>', text: 'who you are' },
    { flags: '--days <days>', text: 'keep an API key for so long instead of a session (admins only)' },
    ...secretOptions('password', 'the password'),
    ...codeOptions(),
  ],
  examples: [
    'signpost login --server https://updates.example.org --email alice@example.org',
    'signpost login --email alice@example.org --days 30',
  ],
  run: logIn,
};

/** `signpost logout`. */
export const logout: CommandSpec = {
  words: 'logout',
  summary: 'End the session of the last login, or revoke its API key, and forget it',
  examples: ['signpost logout'],
  run: logOut,
};

const verbs: readonly string[] = ['read', 'upload', 'activate', 'manage', 'admin'];

async function logIn(invocation: Invocation): Promise<Answer> {
  const { options, prompt, environment } = invocation;
  const client = await connectForLogin(invocation);
  const days = options.integer('days', 1);
  const email = options.text('email') ?? (await prompt.askText('E-mail address', '--email'));
  const password = await prompt.askSecret('Password', readSecretSource(options, 'password'), 'password');
  const session = await openSession(client, { email, password, askCode: createAskCode(invocation) });
  const proof = days === undefined ? session.proof : await exchangeForKey(session, days);
  await recordCredential(environment.configDir, { base: client.base, email: session.email, ...proof });
  const until = days === undefined ? `until ${session.expiresAt}` : `for ${days} days`;
  return {
    document: {
      server: client.base,
      email: session.email,
      role: session.role,
      ...('apiKeyId' in proof ? { api_key_id: proof.apiKeyId } : { expires_at: session.expiresAt }),
    },
    lines: [`Logged in to ${client.base} as ${session.email} (${session.role}) ${until}.`],
  };
}

/** An API key in place of the session, which ends. */
async function exchangeForKey(session: Session, days: number): Promise<Proof & { apiKeyId: string }> {
  try {
    const made = await createKey(session, days);
    return { apiKey: textOf(made, 'key'), apiKeyId: textOf(made, 'id') };
  } finally {
    await session.close();
  }
}

/** Whoever may make keys may give them any verb, so only admins may. */
async function createKey(session: Session, days: number): Promise<JsonObject> {
  if (session.role !== 'admin') {
    throw new Failure('refused', `a ${session.role} cannot make an API key`, {
      hint: 'leave out --days: a session does all that your role allows',
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
  const client = new Client({ base, credential: headersOf(known), fetch });
  const path = 'apiKeyId' in known ? `/api/api-keys/${known.apiKeyId}` : '/api/session';
  const revoked = await client.request('DELETE', path).then(
    () => true,
    (error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      output.warn(`the login was forgotten here, but the server did not end it: ${error.message}`);
      return false;
    },
  );
  await forgetCredential(environment.configDir, base);
  return { document: { server: base, revoked }, lines: [`Logged out of ${base}.`] };
}
