/** Key roll-over (RFC 8555, section 7.3.5): the old key signs around a statement that the new one signed. */
import { deriveThumbprint, parseJwk } from '@signpost/protocol/jose/jwk';
import { assertHeader, readJws } from '@signpost/protocol/jose/jws';
import { parseObject, parseString } from '@signpost/protocol/json/fields';
import { parseDocument } from '@signpost/protocol/json/parse';
import { violationOf } from '../../../storage/violation.ts';
import type { Directory } from '../directories/directory.ts';
import { AcmeProblem } from '../problem.ts';
import { type AccountRequest, maxRequestBytes, parsePayload, verifyUnder } from '../requests/signed-request.ts';
import { type AccountDependencies, callerFor, recordAccountAct, refuseEnded, takeChange } from './account.ts';
import type { AccountKey } from './account-key.ts';
import { type AccountRow, findAccountByKey, updateAccount } from './store.ts';

type KeyChangeDependencies = Pick<AccountDependencies, 'database' | 'now' | 'keys' | 'limits'>;

/** Gives an account another key. Throws `malformed` with status 409 and the other account's URL when that has the key. */
export async function changeKey(dependencies: KeyChangeDependencies, request: AccountRequest): Promise<AccountRow> {
  const { database, now } = dependencies;
  const { account, directory } = request;
  const key = await verifyNewKey(dependencies, request);
  await assertFree(dependencies, request, key);
  takeChange(dependencies.limits, request);
  const at = now();
  const change = { thumbprint: key.thumbprint, jwk: JSON.stringify(key.jwk) };
  try {
    await database.transaction(async (tx) => {
      if (!(await updateAccount(tx, account, change))) throw refuseEnded();
      const act = { caller: callerFor(directory), at, id: account.id, detail: { directory: directory.name } };
      await recordAccountAct(tx, { ...act, action: 'acme.account_key_changed' });
    });
  } catch (error) {
    // Another account took the key in the meantime.
    if (violationOf(error) === 'unique') await assertFree(dependencies, request, key);
    throw error;
  }
  return { ...account, ...change };
}

async function assertFree(
  { database }: KeyChangeDependencies,
  { directory, urls }: { directory: Directory } & Pick<AccountRequest, 'urls'>,
  { thumbprint }: AccountKey,
): Promise<void> {
  const known = await findAccountByKey(database.query, directory.id, thumbprint);
  if (!known) return;
  const headers = { Location: urls.account(known.id) };
  throw new AcmeProblem('malformed', 'expected a key that no account has', { status: 409, headers });
}

async function verifyNewKey({ keys }: KeyChangeDependencies, request: AccountRequest): Promise<AccountKey> {
  const { account, key: oldKey, urls, url } = request;
  const inner = readJws(parseDocument(request.payload, maxRequestBytes));
  assertHeader(inner, ['alg', 'jwk', 'url']);
  if (inner.header.url !== url) throw new AcmeProblem('malformed', 'expected both headers to name the same URL');
  const key = await keys.parse(parseObject(inner.header.jwk, 'jwk'));
  const statement = parsePayload(await verifyUnder(inner, key));
  const named = await deriveThumbprint(parseJwk(parseObject(statement.oldKey, 'oldKey')));
  if (parseString(statement, 'account', 2048) !== urls.account(account.id) || named !== oldKey.thumbprint) {
    throw new AcmeProblem('malformed', 'expected the new key to name this account and its present key');
  }
  return key;
}
