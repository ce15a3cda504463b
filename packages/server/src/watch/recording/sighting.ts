/** One artifact in the database: what is new of it, and what was known of its names before. */

import { createHash } from 'node:crypto';
import { Refusal } from '../../errors.ts';
import type { ArtifactHistory } from '../drift/difference.ts';
import { encodeFactSet, type FactSet, hashFactSet } from '../facts/fact-set.ts';
import { encodePlain } from '../facts/plain-text.ts';
import { hashSighting } from '../observations/chain.ts';
import {
  type ArtifactRow,
  countUse,
  findArtifact,
  findFacts,
  findOtherContent,
  findSigner,
  findTag,
  insertArtifact,
  insertFacts,
  insertObservation,
  insertSigner,
  insertTag,
  takeNumber,
  updateArtifact,
} from '../observations/store.ts';
import type { Tx } from '../parts.ts';
import { isReleaseTag } from '../sources/line.ts';

/** What a reader hands in about one artifact. */
export interface ObservedArtifact {
  readonly facts: FactSet;
  /** What leads to it where it was found. */
  readonly names: { readonly tag?: string | undefined; readonly version?: string | undefined };
  readonly line: string;
  /** What somebody gets who asks for no version. */
  readonly isDefault: boolean;
}

/** Where the chain stands while artifacts are added. */
export interface ChainEnd {
  readonly chain: number;
  hash: string;
  sequence: number;
  count: number;
}

/** What an artifact is added to. */
export interface SightingPlace {
  readonly sourceId: string;
  readonly line: number;
  readonly end: ChainEnd;
  readonly at: number;
  /** Contents that run somewhere. */
  readonly running: ReadonlySet<string>;
}

/** An artifact that was added. */
export interface Sighted {
  readonly line: number;
  readonly row: ArtifactRow;
  readonly observed: ObservedArtifact;
  /** It was not known before. */
  readonly isNew: boolean;
  /** What is known of its past without looking at others. */
  readonly history: Pick<ArtifactHistory, 'wasSigned' | 'tag' | 'versionContent' | 'ageMs'>;
}

/** Longer fact sets are refused; a reader caps what it reads. */
const maxFactsBytes = 512 * 1024;
const maxNameLength = 256;

/** Throws `invalid` or `too_large` for what no reader may hand in. */
export function assertObserved({ facts, names, line }: ObservedArtifact): void {
  const texts = [
    line,
    ...(names.tag === undefined ? [] : [names.tag]),
    ...(names.version === undefined ? [] : [names.version]),
  ];
  const isText = (text: string) =>
    text.length > 0 && text.length <= maxNameLength && text.isWellFormed() && !text.includes('\0');
  if (!texts.every(isText))
    throw new Refusal('invalid', `expected names of 1 to ${maxNameLength} characters`, { rule: 'watch-name' });
  if (!/^[0-9a-f]{64}$/.test(facts.content))
    throw new Refusal('invalid', 'expected a SHA-256 in hex', { rule: 'watch-content' });
  if (encodeFactSet(facts).length > maxFactsBytes) {
    throw new Refusal('too_large', `expected facts of at most ${maxFactsBytes} bytes`, { rule: 'watch-facts' });
  }
}

/** Adds a sighting with its facts, tag and signers. */
export async function addSighting(tx: Tx, place: SightingPlace, observed: ObservedArtifact): Promise<Sighted> {
  const { line, end, at } = place;
  const { facts, names } = observed;
  const known = await findArtifact(tx, { line, content: facts.content, version: names.version });
  const history = await readHistory(tx, place, { observed, known });
  const number = known?.number ?? (await takeNumber(tx, 'watch_artifact'));
  const factsNumber = await storeFacts(tx, facts);
  end.sequence += 1;
  end.count += 1;
  const row: ArtifactRow = {
    ...{ number, line, content: facts.content, version: names.version ?? null, facts: factsNumber },
    ...{ published_at: facts.publishedAt ?? known?.published_at ?? null, first_seen_at: known?.first_seen_at ?? at },
    ...{ last_sequence: end.sequence, quarantined_at: known?.quarantined_at ?? null },
    was_signed: known?.was_signed === 1 || isSigned(facts) ? 1 : 0,
    in_use: observed.isDefault || place.running.has(facts.content) ? 1 : 0,
  };
  if (known) await updateArtifact(tx, number, row);
  else await insertArtifact(tx, row);
  await appendObservation(tx, place, { artifact: number, facts, factsNumber });
  await noteTag(tx, place, observed);
  if (!known) await noteSigners(tx, place, facts);
  return { line, row, observed, isNew: !known, history };
}

function isSigned({ signatures }: FactSet): boolean {
  return signatures !== 'unknown' && signatures.some(({ outcome }) => outcome === 'verified');
}

async function readHistory(
  tx: Tx,
  { sourceId, line, at }: SightingPlace,
  { observed, known }: { readonly observed: ObservedArtifact; readonly known: ArtifactRow | undefined },
): Promise<Sighted['history']> {
  const { facts, names } = observed;
  const { content } = facts;
  const tag = names.tag === undefined ? undefined : await findTag(tx, { sourceId, name: names.tag });
  const { version } = names;
  const versionContent = version === undefined ? undefined : await findOtherContent(tx, { line, content, version });
  return {
    wasSigned: known?.was_signed === 1,
    ageMs: Math.max(0, at - Math.min(facts.publishedAt ?? at, known?.first_seen_at ?? at)),
    ...(names.tag !== undefined && {
      tag: { name: names.tag, isImmutable: isReleaseTag(names.tag), before: tag?.content },
    }),
    ...(versionContent !== undefined && { versionContent }),
  };
}

async function storeFacts(tx: Tx, facts: FactSet): Promise<number> {
  const hash = hashFactSet(facts);
  const known = await findFacts(tx, hash);
  if (known !== undefined) return known;
  const number = await takeNumber(tx, 'watch_facts');
  await insertFacts(tx, { number, hash, document: encodeFactSet(facts) });
  return number;
}

async function appendObservation(
  tx: Tx,
  { end, at }: SightingPlace,
  {
    artifact,
    facts,
    factsNumber,
  }: { readonly artifact: number; readonly facts: FactSet; readonly factsNumber: number },
): Promise<void> {
  const { sequence, chain } = end;
  const { content } = facts;
  end.hash = hashSighting(end.hash, { sequence, artifact, content, factsHash: hashFactSet(facts), seenAt: at });
  await insertObservation(tx, { sequence, chain, artifact, facts: factsNumber, seen_at: at, hash: end.hash });
}

async function noteTag(
  tx: Tx,
  { sourceId, end, at }: SightingPlace,
  { names, facts }: ObservedArtifact,
): Promise<void> {
  if (names.tag === undefined) return;
  const last = await findTag(tx, { sourceId, name: names.tag });
  if (last?.content === facts.content) return;
  await insertTag(tx, {
    ...{ source_id: sourceId, name: names.tag, number: (last?.number ?? 0) + 1, content: facts.content },
    ...{ sequence: end.sequence, seen_at: at },
  });
}

async function noteSigners(tx: Tx, { line, at }: SightingPlace, { signatures }: FactSet): Promise<void> {
  if (signatures === 'unknown') return;
  const documents = new Map(
    signatures
      .filter(({ outcome }) => outcome === 'verified')
      .map(
        ({ identity, key }) => [encodePlain(identity ?? { key: key ?? null }), identity ? 'identity' : 'key'] as const,
      ),
  );
  for (const [document, kind] of documents) {
    const hash = createHash('sha256').update(document).digest('hex');
    const known = await findSigner(tx, hash);
    const signer = known ?? (await takeNumber(tx, 'watch_signer'));
    if (known === undefined) await insertSigner(tx, { number: signer, kind, hash, document });
    await countUse(tx, { line, signer, at });
  }
}
