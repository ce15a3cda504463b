/** Answers timestamp requests (RFC 3161, 2.4): with a token, or with the reason why not. */
import { parseTimestampRequest, type TimestampRequest } from '@signpost/protocol/cms/timestamp-request';
import { encodeGranted, encodeRefused, type TimestampFailure } from '@signpost/protocol/cms/timestamp-response';
import { createTimestampSigner, type TimestampSigner } from '@signpost/protocol/cms/write-timestamp';
import { TrustError } from '@signpost/protocol/errors';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import { createSerialNumber } from '@signpost/protocol/x509/write-certificate';
import { Refusal } from '../../errors.ts';
import type { AuthorityParts } from '../authorities/authority.ts';
import { readIssuing } from '../authorities/issuer.ts';
import { createNodeSigner } from '../authorities/node-signer.ts';
import { findAuthority } from '../authorities/store.ts';
import { openTimestampKey } from './certificate.ts';
import { TimestampClock } from './clock.ts';
import { reserveTime, type TimestampAuthorityRow } from './store.ts';
import { findTrouble, renewTimestamps, requireTimestamps } from './timestamp-authority.ts';

/** A TimeStampResp, DER. */
export interface TimestampAnswer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Why there is no token, for the log and the status. */
  readonly failure?: TimestampFailure;
}

/** Answers for all timestamp authorities of this server. One to a process: it keeps their time. */
export class TimestampResponder {
  readonly #parts: AuthorityParts;
  readonly #clocks = new Map<string, TimestampClock>();
  // Opened keys, by certificate; gone with the vault's key.
  readonly #signers = new WeakMap<object, Map<string, Promise<OpenSigner>>>();
  readonly #renewals = new Map<string, Promise<void>>();

  constructor(parts: AuthorityParts) {
    this.#parts = parts;
  }

  /** The answer to a request, DER. Throws `not_found` where there are no timestamps. */
  async answer(organisationId: string, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<TimestampAnswer> {
    const row = await requireTimestamps(this.#parts.database.query, organisationId, name);
    const request = readRequest(bytes);
    const refusal = 'failure' in request ? request : findRefusal(request, row);
    if (refusal) return { bytes: encodeRefused(refusal.failure, refusal.text), failure: refusal.failure };
    try {
      return await this.#stamp(request as TimestampRequest, row);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Whether the vault is locked or the certificate at its end is nobody's business outside.
      const text = 'the authority cannot sign at the moment';
      return { bytes: encodeRefused('systemFailure', text), failure: 'systemFailure' };
    }
  }

  async #stamp(request: TimestampRequest, row: TimestampAuthorityRow): Promise<TimestampAnswer> {
    const { signer, authority } = await this.#open(await this.#renewed(row));
    const isOrdered = row.is_ordered === 1;
    const time = await this.#clockOf(row).take({ isOrdered });
    if (time === undefined) {
      const text = 'the clock of the authority went back';
      return { bytes: encodeRefused('timeNotAvailable', text), failure: 'timeNotAvailable' };
    }
    const token = await signer.sign(
      {
        ...{ imprint: request.imprint, nonce: request.nonce, policy: row.policy, isOrdered, authority },
        serialNumber: createSerialNumber(),
        time: isOrdered ? time : Math.floor(time / 1000) * 1000,
        accuracyMicros: row.accuracy_ms * 1000,
      },
      { withCertificates: request.certificatesWanted },
    );
    return { bytes: encodeGranted(token) };
  }

  /** One that can sign: a certificate that has expired or was revoked since the last renewal is renewed now, once for all who wait. */
  async #renewed(row: TimestampAuthorityRow): Promise<TimestampAuthorityRow> {
    const trouble = findTrouble(row, this.#parts.now());
    if (trouble === undefined || trouble === 'due') return row;
    const { authority_id: id, organisation_id: organisationId, name } = row;
    const renewal = this.#renewals.get(id) ?? this.#renew(row).finally(() => this.#renewals.delete(id));
    this.#renewals.set(id, renewal);
    await renewal;
    const renewed = await requireTimestamps(this.#parts.database.query, organisationId, name);
    if (renewed.certificate_state === 'valid') return renewed;
    throw new Refusal('conflict', 'the certificate of the timestamp authority is on hold');
  }

  /** Looks again: a renewal may have ended since this request looked. */
  async #renew({ organisation_id: organisationId, name }: TimestampAuthorityRow): Promise<void> {
    await renewTimestamps(this.#parts, await requireTimestamps(this.#parts.database.query, organisationId, name));
  }

  #clockOf({ authority_id: id, reserved_until: reservedUntil }: TimestampAuthorityRow): TimestampClock {
    const { now, database } = this.#parts;
    const reserve = (until: number) => reserveTime(database.query, id, until);
    const clock = this.#clocks.get(id) ?? new TimestampClock({ now, reservedUntil, reserve });
    this.#clocks.set(id, clock);
    return clock;
  }

  #open(row: TimestampAuthorityRow): Promise<OpenSigner> {
    if (row.authority_state === 'revoked') throw new Refusal('conflict', 'the authority is revoked');
    const { lifetime } = this.#parts.vault;
    const signers = this.#signers.get(lifetime) ?? new Map<string, Promise<OpenSigner>>();
    this.#signers.set(lifetime, signers);
    const id = row.certificate_id;
    const signer = signers.get(id) ?? openSigner(this.#parts, row);
    signers.set(id, signer);
    signer.catch(() => signers.delete(id));
    return signer;
  }
}

interface OpenSigner {
  readonly signer: TimestampSigner;
  readonly authority: Parameters<TimestampSigner['sign']>[0]['authority'];
}

async function openSigner(parts: AuthorityParts, row: TimestampAuthorityRow): Promise<OpenSigner> {
  const place = { id: row.authority_id };
  const authority = await findAuthority(parts.database.query, row.organisation_id, place);
  if (!authority || row.sealed_key === null) throw new Refusal('not_found', 'there are no timestamps');
  const issuing = await readIssuing(parts, authority);
  const certificate = parseCertificate(new Uint8Array(Buffer.from(row.der, 'base64')));
  const pkcs8 = openTimestampKey(parts.vault, row.certificate_id, row.sealed_key);
  try {
    // Whoever verifies has the root; all else is sent.
    const chain = [issuing.certificate, ...issuing.chain].slice(0, -1);
    const signer = await createTimestampSigner(certificate, chain, createNodeSigner(pkcs8));
    return { signer, authority: { kind: 'directory', name: certificate.subject } };
  } finally {
    pkcs8.fill(0);
  }
}

interface Rejection {
  readonly failure: TimestampFailure;
  readonly text: string;
}

function readRequest(bytes: Uint8Array<ArrayBuffer>): TimestampRequest | Rejection {
  try {
    return parseTimestampRequest(bytes);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return { failure: error.code === 'algorithm_unsupported' ? 'badAlg' : 'badDataFormat', text: error.message };
  }
}

/** RFC 3161, 2.4.1 and 2.4.2: what is asked and not offered is refused, not left out. */
function findRefusal({ policy, extensions }: TimestampRequest, row: TimestampAuthorityRow): Rejection | undefined {
  if (policy !== undefined && policy !== row.policy) {
    return { failure: 'unacceptedPolicy', text: `expected policy ${row.policy} or none` };
  }
  if (extensions.length > 0) return { failure: 'unacceptedExtension', text: 'expected no extensions' };
  return undefined;
}
