/** OCSP answers that were signed before, as long as they hold: forgotten the moment a status changes. */
import { isSameBytes } from '@signpost/protocol/bytes/compare';
import type { CertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import { formatSerial } from '../../records/certificate-row.ts';
import type { StatusChange } from '../../records/status-changes.ts';
import { sharedCacheSeconds } from '../periods.ts';

/** A response about one certificate, to a request without a nonce. */
export interface SignedAnswer {
  /** OCSPResponse, DER. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  /** Unix ms. */
  readonly thisUpdate: number;
  /** Unix ms from which on it is to be signed again; before it expires. */
  readonly validUntil: number;
  /** Unix ms from which on it says nothing any more. */
  readonly nextUpdate: number;
  /** False once the status is another one. */
  readonly isCurrent: () => boolean;
}

interface Entry {
  readonly id: CertificateId;
  readonly answer: SignedAnswer;
  current: boolean;
}

/** About a kilobyte each; the oldest go first. */
const maxAnswers = 20_000;

/** Answers by authority and certificate. */
export class SignedAnswers {
  readonly #entries = new Map<string, Entry>();
  readonly #generations = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Grows with each change of a certificate of that issuer: an answer found out under an older one must not be kept. */
  generation(issuerId: string): number {
    return this.#generations.get(issuerId) ?? 0;
  }

  /** The answer that is to be given, or undefined. */
  find(issuerId: string, id: CertificateId): SignedAnswer | undefined {
    const answer = this.#recall(issuerId, id);
    return answer && this.#now() < answer.validUntil ? answer : undefined;
  }

  /** The same, also one that is to be signed again and holds for as long as caches may keep it: for when nobody can sign. */
  findHolding(issuerId: string, id: CertificateId): SignedAnswer | undefined {
    const answer = this.#recall(issuerId, id);
    return answer && this.#now() + sharedCacheSeconds * 1000 < answer.nextUpdate ? answer : undefined;
  }

  /** Keeps what was found out under `generation`, and returns it as it is to be given. */
  keep(
    place: { readonly issuerId: string; readonly id: CertificateId; readonly generation: number },
    answer: Omit<SignedAnswer, 'isCurrent'>,
  ): SignedAnswer {
    const { issuerId, id, generation } = place;
    const isKept = generation === this.generation(issuerId);
    const entry: Entry = { id, answer: { ...answer, isCurrent: () => entry.current }, current: isKept };
    if (!isKept) return entry.answer;
    const key = keyOf(issuerId, id.hash, formatSerial(id.serialNumber));
    this.#drop(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= maxAnswers) break;
      this.#drop(oldest);
    }
    return entry.answer;
  }

  /** Forgets what was said of these certificates, or of all that the issuer has issued. */
  forget({ issuerId, serials }: Pick<StatusChange, 'issuerId' | 'serials'>): void {
    this.#generations.set(issuerId, this.generation(issuerId) + 1);
    if (serials) for (const serial of serials) for (const hash of hashes) this.#drop(keyOf(issuerId, hash, serial));
    else for (const key of this.#entries.keys()) if (key.startsWith(`${issuerId} `)) this.#drop(key);
  }

  /** Of two ids of one number, only one names the issuer. */
  #recall(issuerId: string, id: CertificateId): SignedAnswer | undefined {
    const entry = this.#entries.get(keyOf(issuerId, id.hash, formatSerial(id.serialNumber)));
    return entry && isSameBytes(entry.id.nameHash, id.nameHash) && isSameBytes(entry.id.keyHash, id.keyHash)
      ? entry.answer
      : undefined;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry) entry.current = false;
    this.#entries.delete(key);
  }
}

const hashes: readonly CertificateId['hash'][] = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];

function keyOf(issuerId: string, hash: CertificateId['hash'], serial: string): string {
  return `${issuerId} ${hash} ${serial}`;
}
