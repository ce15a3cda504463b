/** The certification request that ends an order (RFC 8555, section 7.4): for exactly the names that were proven, by a key of its own. */
import { parseBase64Url } from '@signpost/protocol/bytes/base64url';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { TrustError } from '@signpost/protocol/errors';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { parseString } from '@signpost/protocol/json/fields';
import { parseAddress } from '@signpost/protocol/x509/address';
import { type AttributeToWrite, listAttributes } from '@signpost/protocol/x509/name';
import { parseRequest, type VerifiedRequest, verifyRequest } from '@signpost/protocol/x509/request';
import { importNodeKey } from '../../certificates/node-verification-key.ts';
import type { AccountKey } from '../accounts/account-key.ts';
import { sortIdentifiers } from '../orders/identifiers.ts';
import { AcmeProblem, type Identifier } from '../problem.ts';
import { listNames } from '../renewal/replaced.ts';

/** Characters of the request in base64url: 24 KiB of DER. */
const maxCsrCharacters = 32 * 1024;

/** The request of a payload, verified. Throws `badCSR` when it is none, weak, for other names, or by the account's key. */
export async function parseCsr(
  payload: SignableObject,
  { identifiers, accountKey }: { identifiers: readonly Identifier[]; accountKey: AccountKey },
): Promise<VerifiedRequest> {
  const text = parseString(payload, 'csr', maxCsrCharacters);
  try {
    const request = await verifyRequest(parseRequest(parseBase64Url(text)), importNodeKey);
    assertNames(request, identifiers);
    if (encodeHex(request.spki) === encodeHex(accountKey.key.subjectKey.spki)) {
      throw new AcmeProblem('badCSR', 'expected a key other than that of the account');
    }
    return request;
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new AcmeProblem('badCSR', error.message, { cause: error });
  }
}

/** The common name of a request, where a certificate can repeat it (RFC 5280, A.1: 64 characters). */
export function readCommonNames({ subject }: VerifiedRequest): readonly AttributeToWrite[] {
  const names = listAttributes(subject, 'CN').filter((text) => text.length <= 64);
  return names.slice(0, 1).map((text) => ['CN', text.toLowerCase()]);
}

/** Names stand among the alternative ones or as common name (RFC 8555, 7.4); of other kinds there are none. */
function assertNames(request: VerifiedRequest, identifiers: readonly Identifier[]): void {
  const alternative = request.extensions.subjectAlternativeName?.value ?? [];
  if (alternative.length !== listNames(request).length) {
    throw new AcmeProblem('badCSR', 'expected only host names and addresses among the alternative names');
  }
  const common = listAttributes(request.subject, 'CN').map(readCommonName);
  const asked = sortIdentifiers([...listNames(request).map(readName), ...common]);
  if (formatSet(asked) !== formatSet(sortIdentifiers(identifiers))) {
    throw new AcmeProblem('badCSR', 'expected a request for exactly the names of the order');
  }
}

function readName(text: string): Identifier {
  const [type = '', ...value] = text.split(':');
  return { type: type === 'ip' ? 'ip' : 'dns', value: value.join(':') };
}

function readCommonName(text: string): Identifier {
  return parseAddress(text) ? { type: 'ip', value: text } : { type: 'dns', value: text.toLowerCase() };
}

function formatSet(identifiers: readonly Identifier[]): string {
  return JSON.stringify(identifiers.map(({ type, value }) => [type, value]));
}
