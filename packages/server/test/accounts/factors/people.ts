/** People with second factors, enrolled through the API as they do it. */
import assert from 'node:assert/strict';
import { computeHotp, stepAt } from '../../../src/accounts/factors/totp.ts';
import { type Credential, password, type Scene } from '../../http/scene.ts';
import { SoftAuthenticator } from './soft-authenticator.ts';

/** The public address under which passkeys are made. */
export const baseUrl = 'https://signpost.example';

/** An answer's status and body. */
export interface Told {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly credential: Credential;
}

/** Asks, and reads the answer; `credential` is the session that came with it. */
export async function tell(
  { ask }: Pick<Scene, 'ask'>,
  line: string,
  { as, json }: { as?: Credential; json?: unknown } = {},
): Promise<Told> {
  const [method = '', path = ''] = line.split(' ');
  const answer = await ask(method, path, { ...(as ? { as } : {}), ...(json === undefined ? {} : { json }) });
  const text = await answer.text();
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { status: answer.status, body, credential: { cookie, 'x-signpost-csrf': String(body.csrf_token) } };
}

/** The code that an app of this secret shows now, or so many steps later. */
export function codeOf({ now }: Pick<Scene, 'now'>, secret: string, later = 0): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  return computeHotp(Uint8Array.from(bytes), stepAt(now()) + later);
}

/** A code that the app does not show. */
export function wrongCodeOf(scene: Pick<Scene, 'now'>, secret: string): string {
  const right = [-1, 0, 1].map((later) => codeOf(scene, secret, later));
  return ['000000', '111111', '222222', '333333'].find((code) => !right.includes(code)) ?? '';
}

/** Enrols an app; a step passes, so that the next code counts. */
export async function enrolTotp(
  scene: Scene,
  as: Credential,
  proof: Record<string, unknown> = { password },
): Promise<{ secret: string; codes: string[] }> {
  const offered = await tell(scene, 'POST /api/factors/totp', { as, json: proof });
  assert.equal(offered.status, 200, JSON.stringify(offered.body));
  const secret = String(offered.body.secret);
  const json = { code: codeOf(scene, secret) };
  const confirmed = await tell(scene, 'POST /api/factors/totp/confirm', { as, json });
  assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
  scene.travel(30_000);
  return { secret, codes: (confirmed.body.recovery_codes ?? []) as string[] };
}

/** Registers a passkey. */
export async function enrolPasskey(
  scene: Scene,
  as: Credential,
  { proof = { password }, name = 'laptop' }: { proof?: Record<string, unknown>; name?: string } = {},
): Promise<{ authenticator: SoftAuthenticator; id: string; codes: string[] }> {
  const options = await tell(scene, 'POST /api/factors/passkeys/options', { as, json: proof });
  assert.equal(options.status, 200, JSON.stringify(options.body));
  const authenticator = new SoftAuthenticator();
  const credential = authenticator.register(String(options.body.challenge));
  const made = await tell(scene, 'POST /api/factors/passkeys', { as, json: { name, credential } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { id } = made.body.passkey as { id: string };
  return { authenticator, id, codes: (made.body.recovery_codes ?? []) as string[] };
}

/** The first step of a log-in: the answer, and the token of a half-session. */
export async function logHalfIn(scene: Scene, email: string): Promise<Told & { token: string; challenge: string }> {
  const told = await tell(scene, 'POST /api/session', { json: { email, password } });
  const passkey = told.body.passkey as { challenge: string } | null | undefined;
  return { ...told, token: String(told.body.token), challenge: passkey?.challenge ?? '' };
}

/** The audit rows of an action. */
export async function auditOf({ database }: Pick<Scene, 'database'>, action: string) {
  return database.query
    .selectFrom('audit_event')
    .selectAll()
    .where('action', '=', action)
    .orderBy('sequence')
    .execute();
}
