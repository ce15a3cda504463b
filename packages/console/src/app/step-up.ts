/** Proving again who one is, before what a stolen session must not do. */
import type { Body } from '../api/client.ts';
import { askPasskey } from './passkey.ts';
import { api, session } from './session.svelte.ts';

/** What goes with such an act: the members of its body that prove who asks. */
export type Proof = Body<'POST /api/factors/totp'>;

/** For so long a second factor given in this session need not be given again: a little less than the server's five minutes. */
const secondFactorLifeMs = 4.5 * 60_000;

/** Whether the server will want a second factor beside the password, as far as this page knows. */
export function wantsSecondFactor(now: number): boolean {
  const { factors, second_factor_at: given } = session() ?? {};
  if (!factors || (!factors.totp && factors.passkeys === 0)) return false;
  return given === null || given === undefined || now > Date.parse(given) + secondFactorLifeMs;
}

/** A passkey as proof, for one act. Throws when the person has none here or declines. */
export async function proveByPasskey(): Promise<Proof> {
  const { options } = await api.change('POST /api/factors/step-up-options');
  if (!options) throw new Error('expected a passkey of yours, and you have none that counts here');
  return { passkey: await askPasskey(options) };
}
