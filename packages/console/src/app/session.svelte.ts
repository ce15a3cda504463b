/** Who is signed in, and the client that speaks for them. */
import { untrack } from 'svelte';
import { type Answer, type Body, type Client, createClient } from '../api/client.ts';
import { Problem } from '../api/problem.ts';
import { base } from './location.svelte.ts';
import { askPasskey } from './passkey.ts';

/** Who is signed in. */
export type Session = Answer<'GET /api/session'>;

/** What a person may be. */
export type Role = Session['role'];

const state = $state<{ session: Session | undefined; ended: boolean }>({ session: undefined, ended: false });

/** The API, in the name of whoever is signed in. */
export const api: Client = createClient({
  fetch: (url, init) => fetch(url, init),
  base,
  // A page that asks something must not ask it again because the session was renewed.
  csrfToken: () => untrack(() => state.session?.csrf_token),
  onSignedOut: () => {
    if (state.session) state.ended = true;
    state.session = undefined;
  },
});

/** The session; undefined while nobody is signed in. */
export function session(): Session | undefined {
  return state.session;
}

/** Whether a session of this page has ended by itself, so that the sign-in page can say why it is there. */
export function hasEnded(): boolean {
  return state.ended;
}

/** Takes up the session that a cookie carries, if any. Throws `Problem` when that cannot be told, as while the vault is locked. */
export async function openSession(): Promise<void> {
  try {
    state.session = await api.ask('GET /api/session');
  } catch (error) {
    if (!(error instanceof Problem) || error.details.status !== 401) throw error;
  }
}

/** A password that was right, where a second factor is missing. */
export type HalfSession = Exclude<Answer<'POST /api/session'>, Session>;

/** What a second factor is proved by. */
export type SecondFactor = Omit<Body<'POST /api/session/second-factor'>, 'token'>;

/** Signs in, or says what else is needed. Throws `Problem`. */
export async function signIn(email: string, password: string): Promise<HalfSession | undefined> {
  const answer = await api.change('POST /api/session', { body: { email, password } });
  if ('token' in answer) return answer;
  begin(answer);
  return undefined;
}

/** The second step; its token is good once. Throws `Problem`. */
export async function completeSignIn({ token }: HalfSession, factor: SecondFactor): Promise<void> {
  begin(await api.change('POST /api/session/second-factor', { body: { token, ...factor } }));
}

/** Signs in by a passkey alone, one that checks its person. Throws `Problem`, or what the browser throws when the person declines. */
export async function signInByPasskey(): Promise<void> {
  const { options } = await api.change('POST /api/session/passkey/options');
  if (!options) throw new Error('expected passkeys to count here');
  begin(await api.change('POST /api/session/passkey', { body: { passkey: await askPasskey(options) } }));
}

function begin(session: Session): void {
  state.session = session;
  state.ended = false;
}

/** Signs out. */
export async function signOut(): Promise<void> {
  await api.change('DELETE /api/session');
  state.session = undefined;
  state.ended = false;
}

/** The short name of the organisation that keeps the server itself. */
export const home = 'default';

/** Whether the person is in the default organisation: what concerns the whole server, such as its settings, exists nowhere else. */
export function isHome(): boolean {
  return state.session?.organisation === home;
}

/**
 * Whether the person may do what needs one of these roles. It only decides what is shown: the server decides what is done.
 * @example {#if may('admin', 'manager')}
 */
export function may(...roles: readonly Role[]): boolean {
  return state.session !== undefined && roles.includes(state.session.role);
}
