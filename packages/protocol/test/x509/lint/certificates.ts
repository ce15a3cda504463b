import { createPrivateKey } from '@signpost/protocol/keys/private-key';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { accessMethods, purposes } from '@signpost/protocol/x509/oids';
import type { ExtensionsToWrite } from '@signpost/protocol/x509/write-extensions';
import { createAuthority, createServer, now, type PartyOptions } from '../authority.ts';

/** One key for all: it is not what is tested. */
export const pkcs8 = await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' });
const dayMs = 86_400_000;
/** A root without more than it needs. */
export const root = await createAuthority({ pkcs8, notAfter: now + 3650 * dayMs });
/** Below the root. */
export const intermediate = await createAuthority({
  issuer: root,
  pkcs8,
  notAfter: now + 1000 * dayMs,
  extensions: {
    basicConstraints: { isAuthority: true, pathLength: 0 },
    crlDistributionPoints: ['http://example.com/root.crl'],
  },
});
/** Where to ask about what it issues. */
export const locations: ExtensionsToWrite = {
  crlDistributionPoints: ['http://example.com/one.crl'],
  authorityInformationAccess: [
    { method: accessMethods.ocsp, location: { kind: 'uri', text: 'http://example.com/ocsp' } },
    { method: accessMethods.caIssuers, location: { kind: 'uri', text: 'http://example.com/ca.crt' } },
  ],
};

/** What to write otherwise. */
export type Changes = PartyOptions['extensions'];

/** A server's certificate, good but for the changes. */
export async function server(extensions: Changes = {}, more: PartyOptions = {}): Promise<Certificate> {
  const options = { issuer: intermediate, pkcs8, ...more, extensions: { ...locations, ...extensions } };
  return (await createServer(options)).certificate;
}

/** An authority's certificate, good but for the changes. */
export async function authority(extensions: Changes = {}, more: PartyOptions = {}): Promise<Certificate> {
  const options = { issuer: root, pkcs8, ...more, extensions: { ...locations, ...extensions } };
  return (await createAuthority(options)).certificate;
}

/** A certificate for one purpose, with these names. */
export function user(purpose: string, names: readonly GeneralName[], changes: Changes = {}): Promise<Certificate> {
  const extendedKeyUsage = { purposes: [purpose], critical: purpose === purposes.timeStamping };
  const subjectAlternativeName = names.length > 0 ? { names } : undefined;
  return server({ extendedKeyUsage, subjectAlternativeName, ...changes });
}

/** An address. */
export const mailbox: GeneralName = { kind: 'email', text: 'somebody@example.com' };
