/** Statements of our own about an artifact (in-toto, as DSSE): that it was released here, by which build, and what our policy said of it. */
import { createHash } from 'node:crypto';
import type { Statement, Subject } from '@signpost/protocol/intoto/statement';
import {
  createProvenanceStatement,
  createReleaseStatement,
  createSummaryStatement,
  signStatement,
} from '@signpost/protocol/intoto/write-statement';
import type { Signer } from '@signpost/protocol/keys/ed25519';
import { createPurl, encodePurl } from '@signpost/protocol/sbom/purl';
import type { Transaction } from 'kysely';
import type { Actor } from '../../audit/audit.ts';
import { createId } from '../../storage/ids.ts';
import type { Schema } from '../../storage/schema.ts';
import { type EvidenceDocumentRow, insertDocument } from '../documents/store.ts';
import type { BuildClaims } from '../publishers/claims.ts';
import { describeProvenance } from '../publishers/provenance.ts';

/** An artifact that statements are about. */
export interface StatementSubject {
  readonly artifactId: string;
  readonly name: string;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
  readonly sha512: string;
}

/** The release that it belongs to. */
export interface StatementRelease {
  readonly slug: string;
  readonly version: string;
}

/** What our policy said, as a verification summary states it. */
export interface StatedVerdict {
  readonly passed: boolean;
  readonly policySha256: string;
  /** The SLSA build level that accepted provenance is good for; undefined: the policy asked for none, or none was accepted. */
  readonly buildLevel: number | undefined;
  /** SHA-256 of the documents that the verdict rests on. */
  readonly inputs: readonly string[];
}

/** Who states it. */
export interface Issuance {
  readonly signer: Signer;
  /** The address of this server, when it has one. */
  readonly baseUrl: string | undefined;
  readonly actor: Actor;
  /** Unix milliseconds. */
  readonly at: number;
}

/**
 * Signs and stores the statements about one artifact: `release`, which says who published and never who built; `provenance` when a build
 * uploaded it with a verified token; and `verification-summary` when there is a verdict. A verdict with a rule that somebody let go is stated as FAILED.
 */
export async function issueStatements(
  tx: Transaction<Schema>,
  issuance: Issuance,
  about: {
    readonly subject: StatementSubject;
    readonly release: StatementRelease;
    readonly build: BuildClaims | undefined;
    readonly verdict: StatedVerdict | undefined;
  },
): Promise<readonly EvidenceDocumentRow[]> {
  const purl = nameRelease(about.release);
  const subjects = [describeSubject(about.subject)];
  const rows = [
    await sign(issuance, about.subject, {
      kind: 'release',
      statement: createReleaseStatement(subjects, { purl, packageId: undefined }),
    }),
  ];
  if (about.build) {
    const statement = createProvenanceStatement(subjects, describeProvenance(about.build));
    rows.push(await sign(issuance, about.subject, { kind: 'provenance', statement }));
  }
  if (about.verdict) {
    const statement = createSummaryStatement(subjects, summarise(issuance, about.verdict, purl));
    rows.push(await sign(issuance, about.subject, { kind: 'verification-summary', statement }));
  }
  for (const row of rows) await insertDocument(tx, row);
  return rows;
}

/** The package URL of a release here. No registry knows it, so its type is `generic`. */
function nameRelease({ slug, version }: StatementRelease): string {
  return encodePurl(createPurl({ type: 'generic', name: slug, version }));
}

function describeSubject({ name, sha256, sha512 }: StatementSubject): Subject {
  return {
    name,
    digests: new Map([
      ['sha256', sha256],
      ['sha512', sha512],
    ]),
  };
}

function summarise({ signer, baseUrl, at }: Issuance, verdict: StatedVerdict, purl: string) {
  const level = verdict.passed ? (verdict.buildLevel ?? 0) : undefined;
  return {
    verifierId: baseUrl ?? `urn:signpost:key:${signer.keyId}`,
    verifierVersions: {},
    timeVerified: at,
    resourceUri: purl,
    policy: { uri: undefined, digests: new Map([['sha256', verdict.policySha256]]) },
    inputAttestations: verdict.inputs.map((sha256) => ({ uri: undefined, digests: new Map([['sha256', sha256]]) })),
    result: verdict.passed ? ('PASSED' as const) : ('FAILED' as const),
    verifiedLevels: level === undefined ? ['FAILED'] : [`SLSA_BUILD_LEVEL_${level}`],
    slsaVersion: '1.1',
  };
}

async function sign(
  { signer, actor, at }: Issuance,
  subject: StatementSubject,
  {
    kind,
    statement,
  }: { readonly kind: 'release' | 'provenance' | 'verification-summary'; readonly statement: Statement },
): Promise<EvidenceDocumentRow> {
  const content = await signStatement(statement, [signer]);
  return {
    ...{
      id: createId(at),
      artifact_id: subject.artifactId,
      kind,
      origin: 'issued',
      name: `${subject.name}.${kind}.json`,
    },
    sha256: createHash('sha256').update(content).digest('hex'),
    ...{ size_bytes: Buffer.byteLength(content), content, author: JSON.stringify(actor), created_at: at },
  };
}
