/** External account binding (RFC 8555, section 7.3.4): the account's key, under the code of a key that an admin gave out. */
import { TrustError } from '@signpost/protocol/errors';
import { deriveThumbprint, parseJwk } from '@signpost/protocol/jose/jwk';
import { assertHeader, type Jws, readJws, verifyMac } from '@signpost/protocol/jose/jws';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { parseObject, parseString } from '@signpost/protocol/json/fields';
import type { Database } from '../../../storage/database.ts';
import { isId } from '../../../storage/ids.ts';
import type { Vault } from '../../../vault/vault.ts';
import { openBinding } from '../directories/binding.ts';
import { type BindingRow, findBinding } from '../directories/store.ts';
import { AcmeProblem } from '../problem.ts';
import { type KeyRequest, parsePayload } from '../requests/signed-request.ts';

/**
 * The binding key that vouches for the account's key; undefined when none came and none is needed. One that came is
 * checked also where none is needed. Throws `externalAccountRequired`, `unauthorized` or `malformed`.
 */
export async function verifyBinding(
  { database, vault }: { readonly database: Database; readonly vault: Vault },
  request: KeyRequest,
  payload: SignableObject,
): Promise<BindingRow | undefined> {
  const { directory, url } = request;
  if (payload.externalAccountBinding === undefined) {
    if (!directory.bindingRequired) return undefined;
    throw new AcmeProblem('externalAccountRequired', 'expected an external account binding', { status: 403 });
  }
  const jws = readJws(payload.externalAccountBinding);
  assertHeader(jws, ['alg', 'kid', 'url']);
  if (jws.header.url !== url) throw new AcmeProblem('malformed', 'expected both headers to name the same URL');
  const id = parseString(jws.header, 'kid', 100);
  const row = isId(id) ? await findBinding(database.query, directory.id, id) : undefined;
  if (!row) throw new AcmeProblem('unauthorized', 'this directory has no such binding key');
  const secret = openBinding(vault, row);
  await assertBinds(jws, { secret, thumbprint: request.key.thumbprint });
  secret.fill(0);
  if (row.revoked_at !== null || row.account_id !== null) throw refuseUsedBinding();
  return row;
}

/** A binding key opens one account. */
export function refuseUsedBinding(): AcmeProblem {
  return new AcmeProblem('unauthorized', 'expected a binding key that is neither used nor revoked');
}

async function assertBinds(
  jws: Jws,
  { secret, thumbprint }: { secret: Uint8Array<ArrayBuffer>; thumbprint: string },
): Promise<void> {
  const verified = await verifyMac(jws, secret).catch((error: unknown) => {
    if (!(error instanceof TrustError)) throw error;
    if (error.code === 'bad_signature') throw new AcmeProblem('unauthorized', error.message, { cause: error });
    throw new AcmeProblem('badSignatureAlgorithm', error.message, { members: { algorithms: ['HS256'] }, cause: error });
  });
  const bound = await deriveThumbprint(parseJwk(parseObject(parsePayload(verified), 'the payload')));
  if (bound !== thumbprint) throw new AcmeProblem('malformed', 'expected the binding to hold the key of the account');
}
