/** VEX documents of releases: read, kept, and from then on heard. */
import { readFile } from 'node:fs/promises';
import { TrustError } from '@signpost/protocol/errors';
import { encodePurl, parsePurl } from '@signpost/protocol/sbom/purl';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { SbomDependencies, SbomSubject } from '../sboms/sbom.ts';
import { listComponentRefs, listSboms } from '../sboms/store.ts';
import { explainGone, keepFile, type SpooledFile } from '../spool.ts';
import { insertVex } from './store.ts';
import { parseVex, type VexDocument } from './vex.ts';

/** A document that is kept. */
export interface AttachedVex {
  readonly sha256: string;
  readonly standard: VexDocument['standard'];
  readonly statements: number;
}

/** What is attached to which release. */
export interface IncomingVex {
  readonly subject: VexSubject;
  /** SHA-256 of the release's files, in hexadecimal. */
  readonly artifacts: readonly string[];
  readonly body: AsyncIterable<Uint8Array>;
}

type VexSubject = Pick<SbomSubject, 'projectId' | 'project' | 'releaseId' | 'version'>;

/** Bytes of a VEX document: it is read in one go. */
const maxVexBytes = 8 * 2 ** 20;

/**
 * Reads a document about a release, whose files are `artifacts`, and keeps it. The same document again changes nothing. Throws
 * `too_large`, `upload_refused`, rule `vex-document`, or `conflict` for a release that was deleted meanwhile.
 */
export async function attachVex(
  dependencies: SbomDependencies,
  caller: Caller,
  { subject, artifacts, body }: IncomingVex,
): Promise<AttachedVex> {
  const { spool, now } = dependencies;
  return spool.receive(body, { maxBytes: maxVexBytes, now: now() }, async (file) => {
    const document = await readDocument(dependencies, { releaseId: subject.releaseId, artifacts }, file);
    assertStated(document, now());
    await keepFile(dependencies, file);
    await record(dependencies, caller, { subject, file, document }).catch(explainGone);
    return { sha256: file.sha256, standard: document.standard, statements: document.statements.length };
  });
}

/** How far the clock of whoever wrote it may be ahead of ours. */
const futureToleranceMs = 24 * 3_600_000;

/** The last statement counts: one of the future could never be taken back. */
function assertStated({ statements }: VexDocument, now: number): void {
  if (statements.every(({ statedAt }) => statedAt <= now + futureToleranceMs)) return;
  throw new Refusal('upload_refused', 'expected no statement of the future', {
    ...{ rule: 'vex-document', hint: 'date the statements when they are made' },
  });
}

async function readDocument(
  { database }: SbomDependencies,
  { releaseId, artifacts }: { releaseId: string; artifacts: readonly string[] },
  { path }: SpooledFile,
): Promise<VexDocument> {
  const sboms = await listSboms(database.query, releaseId);
  const refs = await listComponentRefs(
    database.query,
    sboms.map(({ id }) => id),
  );
  const context = {
    ...{ maxBytes: maxVexBytes, artifacts: new Set(artifacts) },
    findPurl: (ref: string) => refs.get(ref),
  };
  try {
    const document = parseVex(await readFile(path), context);
    const statements = document.statements.map((said) => ({
      ...said,
      purl: said.purl === undefined ? undefined : encodePurl(parsePurl(said.purl)),
    }));
    return { ...document, statements };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new Refusal('upload_refused', error.message, {
      ...{
        rule: 'vex-document',
        hint: 'attach OpenVEX 0.2 or CycloneDX with vulnerabilities and their analysis',
        cause: error,
      },
    });
  }
}

async function record(
  { database, now }: SbomDependencies,
  caller: Caller,
  { subject, file, document }: { subject: VexSubject; file: SpooledFile; document: VexDocument },
): Promise<void> {
  const at = now();
  const id = createId(at);
  const { standard, author, statedAt } = document;
  const row = {
    ...{ id, project_id: subject.projectId, release_id: subject.releaseId, sha256: file.sha256 },
    ...{ size_bytes: file.sizeBytes, standard, author: author ?? null, stated_at: statedAt, created_at: at },
  };
  const statements = document.statements.map((said, position) => ({
    ...{ vex_id: id, position, vulnerability: said.vulnerability, purl: said.purl ?? null },
    ...{ artifact_sha256: said.artifactSha256 ?? null, status: said.status },
    ...{ justification: said.justification ?? null, detail: said.detail ?? null, stated_at: said.statedAt },
  }));
  const facts = {
    project: subject.project,
    version: subject.version,
    sha256: file.sha256,
    statements: statements.length,
  };
  await database.transaction(async (tx) => {
    if (!(await insertVex(tx, row, statements))) return;
    const topic = 'vex.attached';
    await recordEvent(tx, { id: createId(at), organisationId: caller.organisationId, topic, payload: facts, at });
    await recordAudit(tx, at, { ...caller, action: topic, object: { kind: 'vex', id }, detail: facts });
  });
}
