/** Signs images as tools do, by the Sigstore instance of the tests: bundles, and what cosign wrote before there were any. */

import { encodePem } from '@signpost/protocol/asn1/pem';
import { tags } from '@signpost/protocol/asn1/tag';
import { string } from '@signpost/protocol/asn1/writer';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { encodeText } from '@signpost/protocol/bytes/text';
import builders from '@signpost/protocol/data/builders.json' with { type: 'json' };
import { parseBuilderTable } from '@signpost/protocol/sigstore/builder-table';
import { extension } from '@signpost/protocol/x509/extensions';
import * as instance from '../../../../protocol/test/sigstore/instance.ts';
import { type BundleJson, describeStatement, mint, type Plan } from '../../../../protocol/test/sigstore/minted.ts';
import { createTrustedRoot, trustedRoot } from '../../../../protocol/test/sigstore/verify.ts';
import type { Party } from '../../../../protocol/test/x509/authority.ts';
import type { Annotations, FoundSignature } from '../../../src/watch/readers/facts/found-signature.ts';
import type { ObservingContext } from '../../../src/watch/readers/facts/observe-bundles.ts';

export { createTrustedRoot };
export const { signedAt } = instance;

/** The digest of the image that facts are about, hex SHA-256. */
export const content = 'ab'.repeat(32);

/** What signatures of `content` are held against. */
export const context: ObservingContext = {
  ...{ content, trustedRoots: [trustedRoot], now: signedAt },
  builders: parseBuilderTable(builders),
};

export const githubIssuer = 'https://token.actions.githubusercontent.com';
const claimArcs = { 9: 'buildSignerUri', 11: 'runner', 12: 'repository', 14: 'ref', 15: 'repositoryId', 16: 'owner' };

/** A workflow of GitHub that signs. */
async function createWorkflow(repository: string): Promise<Party> {
  const owner = repository.replace(/\/[^/]+$/, '');
  const workflow = `${repository}/.github/workflows/release.yml@refs/tags/v1.0.0`;
  const values: Readonly<Record<string, string>> = {
    ...{ buildSignerUri: workflow, runner: 'github-hosted', repository, owner },
    ...{ ref: 'refs/tags/v1.0.0', repositoryId: '1001' },
  };
  return instance.createSignerParty({
    claimedIssuer: githubIssuer,
    extensions: { subjectAlternativeName: { names: [{ kind: 'uri', text: workflow }], critical: true } },
    moreExtensions: Object.entries(claimArcs).map(([arc, name]) => claim(Number(arc), values[name] ?? '')),
  });
}

function claim(arc: number, text: string) {
  return extension(`1.3.6.1.4.1.57264.1.${arc}`, string(tags.utf8String, text), { critical: false });
}

/** The workflow that signs unless told otherwise, and one of somebody else. */
export const workflow: Party = await createWorkflow('https://github.com/acme/app');
export const stranger: Party = await createWorkflow('https://github.com/stranger/app');

/** A bundle as JSON in bytes. */
export function encodeBundle(bundle: BundleJson): Uint8Array<ArrayBuffer> {
  return encodeText(JSON.stringify(bundle));
}

/** A statement about an image. */
function describeImage(digest: string, predicateType: string, predicate: object = {}): string {
  const statement = JSON.parse(describeStatement([{ name: 'image', digest: { sha256: digest } }])) as object;
  return JSON.stringify({ ...statement, predicateType, predicate });
}

export const cosignSign = 'https://sigstore.dev/cosign/sign/v1';
export const slsa1 = 'https://slsa.dev/provenance/v1';

/** Provenance as GitHub's builders write it. */
export const provenance = {
  buildDefinition: {
    buildType: 'https://actions.github.io/buildtypes/workflow/v1',
    externalParameters: {
      workflow: {
        repository: 'https://github.com/acme/app',
        ref: 'refs/tags/v1.0.0',
        path: '.github/workflows/release.yml',
      },
    },
  },
  runDetails: { builder: { id: 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.0.0' } },
};

/** A bundle over a statement about an image, signed by the usual workflow. */
export async function mintStatement(
  digest: string,
  { predicateType = cosignSign, predicate, ...plan }: Plan & { predicateType?: string; predicate?: object } = {},
): Promise<BundleJson> {
  return mint({ signer: workflow, payload: describeImage(digest, predicateType, predicate), ...plan });
}

/** The same as a reader finds it. */
export async function foundStatement(
  plan: Parameters<typeof mintStatement>[1] = {},
  digest: string = content,
): Promise<FoundSignature> {
  return { kind: 'bundle', format: 'referrer', bytes: encodeBundle(await mintStatement(digest, plan)) };
}

/** A signature in cosign's older form. */
export interface OlderSignature {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Signs an image as cosign 1 and 2 did, with a promise of the log and no proof. */
export async function signOlder(digest: string, plan: Plan = {}): Promise<OlderSignature> {
  const payload = encodeText(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': 'registry.example/app' },
        image: { 'docker-manifest-digest': `sha256:${digest}` },
        type: 'cosign container image signature',
      },
      optional: null,
    }),
  );
  const bundle = await mint({ ...older, signer: workflow, artifact: payload, ...plan });
  const signed = bundle.messageSignature as { readonly signature: string };
  return {
    payload,
    annotations: { 'dev.cosignproject.cosign/signature': signed.signature, ...annotate(bundle) },
  };
}

/** Attests something of an image as cosign 1 and 2 did. */
export async function attestOlder(digest: string, predicateType: string, predicate: object): Promise<OlderSignature> {
  const payload = describeImage(digest, predicateType, predicate);
  const bundle = await mint({ ...older, signer: workflow, payload });
  return {
    payload: encodeText(JSON.stringify(bundle.dsseEnvelope)),
    annotations: { 'dev.cosignproject.cosign/signature': '', ...annotate(bundle) },
  };
}

const older: Plan = {
  version: '0.1',
  entries: [{ log: instance.log, withoutProof: true }],
  timestamps: [],
  chain: [instance.intermediate],
};

/** What of a bundle stood in annotations. */
function annotate(bundle: BundleJson): Readonly<Record<string, string>> {
  const material = bundle.verificationMaterial as {
    readonly x509CertificateChain?: { readonly certificates: readonly { readonly rawBytes: string }[] };
    readonly tlogEntries: readonly {
      readonly logIndex: string;
      readonly logId: { readonly keyId: string };
      readonly integratedTime: string;
      readonly inclusionPromise: { readonly signedEntryTimestamp: string };
      readonly canonicalizedBody: string;
    }[];
    readonly timestampVerificationData: { readonly rfc3161Timestamps: readonly { readonly signedTimestamp: string }[] };
  };
  const [signer, ...above] = (material.x509CertificateChain?.certificates ?? []).map(({ rawBytes }) =>
    encodePem('CERTIFICATE', parseBase64(rawBytes)),
  );
  const root = encodePem('CERTIFICATE', instance.root.certificate.bytes);
  const [entry] = material.tlogEntries;
  const [timestamp] = material.timestampVerificationData.rfc3161Timestamps;
  return {
    ...(signer && {
      'dev.sigstore.cosign/certificate': signer,
      'dev.sigstore.cosign/chain': [...above, root].join(''),
    }),
    ...(entry && {
      'dev.sigstore.cosign/bundle': JSON.stringify({
        SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
        Payload: {
          body: entry.canonicalizedBody,
          integratedTime: Number(entry.integratedTime),
          logIndex: Number(entry.logIndex),
          logID: encodeHex(parseBase64(entry.logId.keyId)),
        },
      }),
    }),
    ...(timestamp && {
      'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({ SignedRFC3161Timestamp: timestamp.signedTimestamp }),
    }),
  };
}

/** The older form as a reader finds it. */
export function foundOlder({ payload, annotations }: OlderSignature): FoundSignature {
  return { kind: 'cosign-signature', format: 'sig-tag', payload, annotations: mapOf(annotations) };
}

export function mapOf(annotations: Readonly<Record<string, string>>): Annotations {
  return new Map(Object.entries(annotations));
}
