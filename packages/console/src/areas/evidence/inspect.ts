/** Looks into a document of evidence in the browser: what it says, and what holds when it is verified here (docs/protocol/bundles.md). */

import { parseHex } from '@signpost/protocol/bytes/hex';
import { parseText } from '@signpost/protocol/bytes/text';
import { parseEnvelope } from '@signpost/protocol/dsse/envelope';
import { isProvenance, parseProvenance } from '@signpost/protocol/intoto/parse-provenance';
import type { Provenance } from '@signpost/protocol/intoto/provenance';
import { parseStatement, type Statement } from '@signpost/protocol/intoto/statement';
import { type Bundle, parseBundle } from '@signpost/protocol/sigstore/bundle';
import { extractBundles } from '@signpost/protocol/sigstore/extract-bundles';
import { type ObservedBundle, observeBundle } from '@signpost/protocol/sigstore/observe-bundle';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';

/** A trusted root in force, as the server hands it out. */
export interface NamedRoot {
  readonly name: string;
  readonly text: string;
}

/** Who signed, in words of the certificate or the key. */
export interface Signer {
  readonly kind: 'certificate' | 'key';
  readonly name: string;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
}

/** One signed thing in a document. */
export interface Inspected {
  /** Absent when no trusted root bears it out: what it says is then somebody's word. */
  readonly proof:
    | { readonly root: string; readonly signer: Signer; readonly times: readonly string[]; readonly logs: number }
    | undefined;
  /** Why not, of the last trusted root that was asked. */
  readonly refusal: string | undefined;
  readonly statement: Statement | undefined;
  readonly provenance: Provenance | undefined;
  /** Whether it is about the very file. */
  readonly isAboutFile: boolean;
}

/** The digests of the file that a document is about, in hex. */
export interface FileDigests {
  readonly sha256: string;
  readonly sha512: string;
}

/** Everything that is signed in a document: bundles, or a statement of the server in an envelope. Throws where it is neither. */
export async function inspectDocument(
  bytes: Uint8Array,
  {
    kind,
    file,
    roots,
  }: { readonly kind: string; readonly file: FileDigests | undefined; readonly roots: readonly NamedRoot[] },
): Promise<readonly Inspected[]> {
  if (kind !== 'bundle' && kind !== 'attestations') return [inspectEnvelope(bytes, file)];
  const inspected: Inspected[] = [];
  for (const bundle of extractBundles(bytes)) inspected.push(await inspectBundle(parseBundle(bundle), file, roots));
  return inspected;
}

function inspectEnvelope(bytes: Uint8Array, file: FileDigests | undefined): Inspected {
  return { proof: undefined, refusal: undefined, ...readStatement(parseEnvelope(bytes).payload, file) };
}

async function inspectBundle(
  bundle: Bundle,
  file: FileDigests | undefined,
  roots: readonly NamedRoot[],
): Promise<Inspected> {
  const said =
    bundle.content.kind === 'envelope'
      ? readStatement(bundle.content.envelope.payload, file)
      : { statement: undefined, provenance: undefined, isAboutFile: false };
  let refusal: string | undefined;
  if (!file) return { ...said, proof: undefined, refusal };
  const digests = { sha256: parseHex(file.sha256), sha512: parseHex(file.sha512) };
  for (const { name, text } of roots) {
    try {
      const trustedRoot = await parseTrustedRoot(new TextEncoder().encode(text));
      const observed = await observeBundle(bundle, {
        ...{ artifact: { kind: 'digests', digests }, trustedRoot, now: Date.now() },
      });
      const isAboutFile = bundle.content.kind === 'message' || said.isAboutFile;
      return { ...said, isAboutFile, proof: { root: name, ...describeProof(observed) }, refusal: undefined };
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
    }
  }
  return { ...said, proof: undefined, refusal };
}

function describeProof({ signer, times, logEntries }: ObservedBundle) {
  return {
    signer: describeSigner(signer),
    times: times.map(({ time }) => new Date(time).toISOString()),
    logs: logEntries.length,
  };
}

function describeSigner(signer: ObservedBundle['signer']): Signer {
  if (signer.kind === 'key') return { kind: 'key', name: '', facts: [] };
  const { issuer, subject, ...claims } = signer.claims;
  const facts = Object.entries(claims).flatMap(([label, value]) =>
    typeof value === 'string' ? [{ label, value }] : [],
  );
  return { kind: 'certificate', name: subject.value, facts: [{ label: 'issuer', value: issuer }, ...facts] };
}

function readStatement(payload: Uint8Array, file: FileDigests | undefined) {
  try {
    const statement = parseStatement(payload);
    const isAboutFile = statement.subjects.some(
      ({ digests }) =>
        file !== undefined && (digests.get('sha256') === file.sha256 || digests.get('sha512') === file.sha512),
    );
    return { statement, provenance: isProvenance(statement) ? parseProvenance(statement) : undefined, isAboutFile };
  } catch {
    return { statement: undefined, provenance: undefined, isAboutFile: false };
  }
}

/** The document as people read it: JSON with its members on lines of their own, or as it came. */
export function formatDocument(bytes: Uint8Array): string {
  const text = parseText(bytes);
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
