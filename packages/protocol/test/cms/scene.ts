/** A timestamp authority of the tests, and what it says. */
import assert from 'node:assert/strict';
import { encodeText } from '@signpost/protocol/bytes/text';
import type { TimestampToWrite } from '@signpost/protocol/cms/timestamp-info';
import { createImprint } from '@signpost/protocol/cms/timestamp-request';
import {
  type TimestampRequirements,
  type VerifiedTimestamp,
  verifyTimestamp,
} from '@signpost/protocol/cms/verify-timestamp';
import { createTimestampSigner } from '@signpost/protocol/cms/write-timestamp';
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import { purposes } from '@signpost/protocol/x509/oids';
import { createAuthority, createServer, now, type Party, type PartyOptions } from '../x509/authority.ts';

/** The policy of the tests. */
export const policy = '1.3.6.1.4.1.99999.3161';
/** Whom to trust. */
export const root = await createAuthority();
/** Who certifies the timestamp authority. */
export const intermediate = await createAuthority({ issuer: root });
/** The timestamp authority. */
export const tsa = await createTsa();
/** What is timestamped. */
export const message = encodeText('what was there at that time');

/** A timestamp authority, good unless told otherwise. */
export function createTsa(options: PartyOptions = {}): Promise<Party> {
  return createServer({
    issuer: intermediate,
    name: [['CN', 'Time']],
    ...options,
    extensions: {
      extendedKeyUsage: { purposes: [purposes.timeStamping], critical: true },
      subjectAlternativeName: undefined,
      ...options.extensions,
    },
  });
}

/** A timestamp of `message`, now. */
export async function describeTime(changes: Partial<TimestampToWrite> = {}): Promise<TimestampToWrite> {
  return {
    imprint: await createImprint(message, 'SHA-256'),
    policy,
    serialNumber: Uint8Array.of(1, 2, 3),
    time: now,
    accuracyMicros: 1_500_000,
    isOrdered: false,
    nonce: undefined,
    authority: undefined,
    ...changes,
  };
}

/** A token with its certificates. */
export async function sign(changes: Partial<TimestampToWrite> = {}, by: Party = tsa): Promise<Uint8Array<ArrayBuffer>> {
  const signer = await createTimestampSigner(by.certificate, [intermediate.certificate], by.signer);
  return signer.sign(await describeTime(changes), { withCertificates: true });
}

/** Verifies a token over `message`. */
export async function verify(
  token: Uint8Array<ArrayBuffer>,
  changes: Partial<TimestampRequirements> = {},
): Promise<VerifiedTimestamp> {
  const imprint = await createImprint(message, 'SHA-256');
  return verifyTimestamp(token, { imprint, anchors: [root.certificate], ...changes });
}

/** Whether an error is a refusal with this code. */
export function refuses(code: TrustErrorCode, text?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof TrustError, String(error));
    assert.equal(error.code, code, error.message);
    if (text) assert.match(error.message, text);
    return true;
  };
}
