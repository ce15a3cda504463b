/** Writes the extensions in which Fulcio puts claims, well formed or as a test wants them. */
import { tags } from '@signpost/protocol/asn1/tag';
import { encodeDer, string } from '@signpost/protocol/asn1/writer';
import { encodeText } from '@signpost/protocol/bytes/text';
import type { ClaimName } from '@signpost/protocol/sigstore/claims';
import type { RawExtension } from '@signpost/protocol/x509/extensions';
import type { GeneralName } from '@signpost/protocol/x509/general-name';

const fulcioArc = '1.3.6.1.4.1.57264.1';

const arcs: Readonly<Record<'issuer' | ClaimName, number>> = {
  issuer: 8,
  buildSignerUri: 9,
  buildSignerDigest: 10,
  runnerEnvironment: 11,
  sourceRepositoryUri: 12,
  sourceRepositoryDigest: 13,
  sourceRepositoryRef: 14,
  sourceRepositoryIdentifier: 15,
  sourceRepositoryOwnerUri: 16,
  sourceRepositoryOwnerIdentifier: 17,
  buildConfigUri: 18,
  buildConfigDigest: 19,
  buildTrigger: 20,
  runInvocationUri: 21,
  sourceRepositoryVisibility: 22,
  deploymentEnvironment: 23,
};

/** Claims to be written: of an issuer and of anything else. */
export type ClaimsToWrite = Readonly<Partial<Record<'issuer' | ClaimName, string>>>;

/** What GitHub's runners say in the tests. */
export const releaseClaims = {
  issuer: 'https://token.actions.githubusercontent.com',
  buildSignerUri: 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3',
  buildSignerDigest: '1111111111111111111111111111111111111111',
  runnerEnvironment: 'github-hosted',
  sourceRepositoryUri: 'https://github.com/acme/app',
  sourceRepositoryDigest: '2222222222222222222222222222222222222222',
  sourceRepositoryRef: 'refs/tags/v1.2.3',
  sourceRepositoryIdentifier: '123456',
  sourceRepositoryOwnerUri: 'https://github.com/acme',
  sourceRepositoryOwnerIdentifier: '4321',
  buildConfigUri: 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3',
  buildConfigDigest: '1111111111111111111111111111111111111111',
  buildTrigger: 'push',
  runInvocationUri: 'https://github.com/acme/app/actions/runs/1/attempts/1',
  sourceRepositoryVisibility: 'public',
  deploymentEnvironment: 'production',
} as const satisfies ClaimsToWrite;

/** The one name of such a certificate. */
export const releaseSubject: GeneralName = { kind: 'uri', text: releaseClaims.buildSignerUri };

/** The extensions with the claims, in DER text; the issuer in the older one, too. */
export function describeClaims(claims: ClaimsToWrite): readonly RawExtension[] {
  const older = claims.issuer === undefined ? [] : [rawClaim(1, claims.issuer)];
  const names = Object.keys(claims) as (keyof ClaimsToWrite)[];
  return [...older, ...names.map((name) => claim(arcs[name], claims[name] ?? ''))];
}

/** A claim as UTF8String (from .8 on). */
export function claim(arc: number, text: string): RawExtension {
  return { oid: `${fulcioArc}.${arc}`, critical: false, value: encodeDer(string(tags.utf8String, text)) };
}

/** A claim as raw octets (up to .6). */
export function rawClaim(arc: number, text: string): RawExtension {
  return { oid: `${fulcioArc}.${arc}`, critical: false, value: encodeText(text) };
}
