/** An authority that makes timestamps, and what is asked of it. */
import { encodeText } from '@signpost/protocol/bytes/text';
import {
  createImprint,
  createNonce,
  encodeTimestampRequest,
  type TimestampRequest,
} from '@signpost/protocol/cms/timestamp-request';
import { parseTimestampResponse, type TimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { type VerifiedTimestamp, verifyTimestamp } from '@signpost/protocol/cms/verify-timestamp';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { TimestampResponder } from '../../../src/pki/timestamps/responder.ts';
import { enableTimestamps, type TimestampSettings } from '../../../src/pki/timestamps/timestamp-authority.ts';
import type { Database } from '../../../src/storage/database.ts';
import { createPkiScene, type PkiScene } from '../scene.ts';

/** What is timestamped. */
export const message = encodeText('what was there at that time');

/** A root, an intermediate called `issuing` with timestamps on, and a responder. */
export interface TimestampScene extends PkiScene {
  readonly responder: TimestampResponder;
  readonly anchor: Certificate;
  enable(settings?: Partial<TimestampSettings>): ReturnType<typeof enableTimestamps>;
  /** Asks the responder, or another one: after a restart, say. */
  ask(changes?: Partial<TimestampRequest>, responder?: TimestampResponder): Promise<TimestampResponse>;
  /** Asks and verifies. */
  stamp(changes?: Partial<TimestampRequest>): Promise<VerifiedTimestamp>;
}

/** Opens the scene on an empty, migrated database. */
export async function createTimestampScene(database: Database): Promise<TimestampScene> {
  const scene = await createPkiScene(database);
  const { id } = await scene.createRoot();
  await scene.createIntermediate();
  const row = await database.query
    .selectFrom('certificate')
    .select('der')
    .where('subject_authority_id', '=', id)
    .executeTakeFirstOrThrow();
  const anchor = parseCertificate(new Uint8Array(Buffer.from(row.der, 'base64')));
  const own = new TimestampResponder(scene.parts);
  const { caller } = scene;
  const ask: TimestampScene['ask'] = async (changes = {}, responder = own) => {
    const request = { ...(await createRequest()), ...changes };
    const answer = await responder.answer(caller.organisationId, 'issuing', encodeTimestampRequest(request));
    return parseTimestampResponse(answer.bytes);
  };
  const stamp: TimestampScene['stamp'] = async (changes = {}) => {
    const request = { ...(await createRequest()), ...changes };
    const answer = await ask(request);
    if (answer.kind !== 'granted') throw new Error(`expected a token, got ${answer.failures}: ${answer.text}`);
    const { imprint, nonce } = request;
    return verifyTimestamp(answer.token, { imprint, anchors: [anchor], ...(nonce && { nonce }) });
  };
  const enable: TimestampScene['enable'] = (settings = {}) =>
    enableTimestamps(scene.parts, caller, { name: 'issuing', settings });
  return { ...scene, responder: own, anchor, enable, ask, stamp };
}

/** A request for a timestamp of `message`. */
export async function createRequest(): Promise<TimestampRequest> {
  const imprint = await createImprint(message, 'SHA-256');
  return { imprint, policy: undefined, nonce: createNonce(), certificatesWanted: true, extensions: [] };
}
