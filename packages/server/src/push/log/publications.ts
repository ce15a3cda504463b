/** What applications publish: judged in the transaction that appends it, and published once for each idempotency key. */
import type { AuditEntry, Caller } from '../../audit/audit.ts';
import { recordAudits } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import type { Log, LoggedFrame } from './log.ts';
import { findPublication, insertPublication } from './store.ts';
import type { Draft } from './topics.ts';

/** Something to be published. */
export interface Publication {
  readonly organisationId: string;
  readonly draft: Draft;
  /** Who publishes, for the audit log; absent: the server, of itself. */
  readonly caller?: Caller | undefined;
  /** SHA-256 in hex: of the idempotency key together with who showed it, and of what is published. */
  readonly once?: { readonly keyDigest: string; readonly contentDigest: string } | undefined;
}

/** Where it stands. */
export interface Published {
  readonly epoch: string;
  readonly sequence: number;
}

/** What becomes of a publication: a frame, the frame that it became before, or nothing. */
export type Admission =
  | { readonly kind: 'new' }
  /** The same as the one at this place of the batch. */
  | { readonly kind: 'same'; readonly place: number }
  | { readonly kind: 'published'; readonly published: Published }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Judges each publication of a batch. */
export async function admitPublications(
  query: Query,
  log: Log,
  publications: readonly Publication[],
): Promise<Admission[]> {
  const admissions: Admission[] = [];
  const places = new Map<string, number>();
  for (const [place, publication] of publications.entries()) {
    const first = publication.once && places.get(keyOf(publication));
    const twin = first === undefined ? undefined : publications[first];
    if (first !== undefined && twin)
      admissions.push(isSame(twin, publication) ? { kind: 'same', place: first } : refused());
    else admissions.push(await admit(query, log, publication));
    if (first === undefined && publication.once) places.set(keyOf(publication), place);
  }
  return admissions;
}

/** The drafts of those that are new. */
export function listNew(publications: readonly Publication[], admissions: readonly Admission[]): Draft[] {
  return publications.filter((_, place) => admissions[place]?.kind === 'new').map(({ draft }) => draft);
}

/**
 * Notes in the audit log and under their idempotency keys what the new ones became (`frames`, in their order), and returns the outcome of each: where it
 * stands, or why it stands nowhere.
 */
export async function recordPublications(
  tx: Query,
  log: Log,
  batch: {
    readonly publications: readonly Publication[];
    readonly admissions: readonly Admission[];
    readonly frames: readonly LoggedFrame[];
    readonly now: number;
  },
): Promise<(Published | Refusal)[]> {
  const rest = [...batch.frames];
  const outcomes: (Published | Refusal)[] = [];
  const audits: AuditEntry[] = [];
  for (const [place, admission] of batch.admissions.entries()) {
    const publication = batch.publications[place];
    if (admission.kind === 'refused') outcomes.push(admission.refusal);
    else if (admission.kind === 'published') outcomes.push(admission.published);
    else if (admission.kind === 'same') outcomes.push(outcomes[admission.place] ?? refusedKey());
    else {
      const frame = rest.shift();
      if (!publication || !frame) throw new TypeError('expected a frame for each new publication');
      outcomes.push({ epoch: log.epoch, sequence: frame.sequence });
      if (publication.caller) audits.push(describe(publication.caller, log, frame));
      if (publication.once)
        await insertPublication(tx, rowOf(log, { publication, once: publication.once, frame }, batch.now));
    }
  }
  if (audits.length > 0) await recordAudits(tx, batch.now, audits);
  return outcomes;
}

function describe(caller: Caller, { epoch }: Log, { channel, type, sequence }: LoggedFrame): AuditEntry {
  const object = { kind: 'push-channel', id: channel };
  return { ...caller, action: 'push.published', object, detail: { type, epoch, sequence } };
}

async function admit(query: Query, log: Log, { draft, once }: Publication): Promise<Admission> {
  const channel = log.channels.get(draft.channel);
  if (!channel || channel.removed) {
    return { kind: 'refused', refusal: new Refusal('not_found', 'there is no such channel') };
  }
  const place = { organisationId: log.organisationId, channel: draft.channel, keyDigest: once?.keyDigest ?? '' };
  const before = once && (await findPublication(query, place));
  if (!before) return { kind: 'new' };
  if (before.content_digest !== once.contentDigest) return refused();
  return { kind: 'published', published: { epoch: before.epoch, sequence: before.sequence } };
}

function rowOf(
  log: Log,
  {
    publication,
    once,
    frame,
  }: {
    publication: Publication;
    once: NonNullable<Publication['once']>;
    frame: LoggedFrame;
  },
  at: number,
) {
  return {
    organisation_id: log.organisationId,
    channel: publication.draft.channel,
    key_digest: once.keyDigest,
    content_digest: once.contentDigest,
    ...{ sequence: frame.sequence, epoch: log.epoch, at },
  };
}

function keyOf({ draft, once }: Publication): string {
  return `${draft.channel} ${once?.keyDigest}`;
}

function isSame(left: Publication, right: Publication): boolean {
  return left.once?.contentDigest === right.once?.contentDigest;
}

function refused(): Admission {
  return { kind: 'refused', refusal: refusedKey() };
}

function refusedKey(): Refusal {
  return new Refusal('conflict', 'this idempotency key has published something else', {
    rule: 'idempotency-key',
    hint: 'take a new key for each frame, and the same one only to try again',
  });
}
