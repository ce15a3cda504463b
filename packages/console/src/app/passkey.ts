/** Asks the browser for passkeys (Web Authentication, Level 3, 5.1.3 and 5.1.4). */
import type { Answer, Body } from '../api/client.ts';

/** What a passkey answers where it proves who somebody is. */
type Assertion = NonNullable<Body<'POST /api/session/second-factor'>['passkey']>;
/** What a new passkey says of itself. */
type Registration = Body<'POST /api/factors/passkeys'>['credential'];
/** What the server asks the browser for. */
type Options = NonNullable<Answer<'POST /api/factors/step-up-options'>['options']>;

/** Whether passkeys made for `origin` can be used by this browser, on this page. */
export function knowsPasskeys(origin: string | undefined): boolean {
  return origin === location.origin && typeof PublicKeyCredential === 'function';
}

/** What the person's authenticator answers to the server's options. Throws when there is none or the person declines. */
export async function askPasskey(options: Options): Promise<Assertion> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as unknown as PublicKeyCredentialRequestOptionsJSON,
  );
  return expectPasskey(await navigator.credentials.get({ publicKey })).toJSON() as unknown as Assertion;
}

/** Has the person's authenticator make a passkey. Throws when there is none or the person declines. */
export async function makePasskey(options: Options): Promise<Registration> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as unknown as PublicKeyCredentialCreationOptionsJSON,
  );
  return expectPasskey(await navigator.credentials.create({ publicKey })).toJSON() as unknown as Registration;
}

function expectPasskey(credential: Credential | null): PublicKeyCredential {
  if (credential instanceof PublicKeyCredential) return credential;
  throw new Error('expected a passkey, got none');
}
