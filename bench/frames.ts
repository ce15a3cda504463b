/**
 * Frames verified by a listener, from their text to what an application gets, against the runtime's own verification of the same
 * signatures in the same run: what is left is what parsing, canonical form, window and hash cost. One after the other on both sides, since
 * a listener takes frames in their order; beside it stands the same with many under way.
 */

import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { firstPrev, parseFrame, signedText } from '@signpost/protocol/frames/frame';
import type { FrameKey, FrameSigner } from '@signpost/protocol/frames/frame-key';
import { ReplayWindow } from '@signpost/protocol/frames/replay-window';
import { openSessionKey } from '@signpost/protocol/frames/session-key';
import { verifyFrame } from '@signpost/protocol/frames/verify-frame';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import { createKeyPair, isSignature, parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { compareInRounds, formatAmount, type Measurement } from './measurement.ts';

const frames = 2000;
const many = 16;
const epoch = '0123456789abcdef';
const now = 1_800_000_000_000;

/** A key, and the runtime's own function on its signatures, handed all that it takes. */
interface Contestant {
  readonly name: string;
  readonly key: FrameKey;
  readonly signer: FrameSigner;
  readonly verifyAlone: (signature: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>) => Promise<boolean>;
}

/** Frames verified a second, as a share of what the runtime verifies, for both kinds of key. */
export async function measureFrames(): Promise<readonly Measurement[]> {
  return [await compare(await createChannelContestant()), await compare(await createSessionContestant())];
}

async function createChannelContestant(): Promise<Contestant> {
  const { signer } = await createKeyPair();
  const publicKey = await parsePublicKey(signer.pubkeyB64);
  const kid = publicKey.keyId.slice(0, 32);
  return {
    name: 'Ed25519',
    key: { ...window(kid), algorithm: 'ed25519', isSignature: (sig, message) => isSignature(publicKey, sig, message) },
    signer: { kid, sign: signer.sign },
    verifyAlone: (sig, message) => crypto.subtle.verify('Ed25519', publicKey.crypto, sig, message),
  };
}

async function createSessionContestant(): Promise<Contestant> {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const key = await openSessionKey({ ...window(`s_${'a'.repeat(32)}`), secret });
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const own = await crypto.subtle.importKey('raw', secret, algorithm, false, ['verify']);
  const verifyAlone: Contestant['verifyAlone'] = (sig, message) => crypto.subtle.verify('HMAC', own, sig, message);
  return { name: 'HMAC-SHA-256', key, signer: key, verifyAlone };
}

function window(kid: string) {
  return { kid, channels: ['*'], notBefore: now - 60_000, notAfter: now + 60_000 };
}

async function compare({ name, key, signer, verifyAlone }: Contestant): Promise<Measurement> {
  const texts = await writeFrames(signer);
  const given = texts.map(parseFrame).map((frame) => ({
    signature: parseBase64(frame.sig),
    message: encodeText(signedText(frame)),
  }));
  const contend = (readMs: () => number, inFlight: number) =>
    compareInRounds({
      rounds: 5,
      ours: () => {
        // Each round sees every frame for the first time.
        const context = { keys: { find: () => key }, window: new ReplayWindow(), now };
        return countPerSecond(texts, { readMs, inFlight }, (text) => verifyFrame(text, context));
      },
      peer: () =>
        countPerSecond(given, { readMs, inFlight }, ({ signature, message }) => verifyAlone(signature, message)),
    });
  const { ratio, ours, peer } = await contend(readWallMs, 1);
  const crowded = await contend(readWallMs, many);
  const busy = await contend(readProcessorMs, 1);
  const bar = { kind: 'at least', value: 0.7, unit: ' times the runtime alone' } as const;
  const detail = [
    `${formatAmount(ours)}/s, the runtime ${formatAmount(peer)}/s, one after the other`,
    `${many} in flight: ${formatAmount(crowded.ratio)} times, ${formatAmount(crowded.ours)}/s`,
    `a second of processor time: ${formatAmount(busy.ratio)} times, ${formatAmount(busy.ours)}`,
  ].join('; ');
  return { name: `frames verified, ${name}`, measured: ratio, bar, detail };
}

async function writeFrames(signer: FrameSigner): Promise<readonly string[]> {
  const texts: string[] = [];
  let prev = firstPrev('releases', epoch);
  for (let sequence = 1; sequence <= frames; sequence++) {
    const sha256 = sequence.toString(16).padStart(64, '0');
    const data = { project: 'demo', version: `1.0.${sequence}`, channel: 'stable', counter: sequence, sha256 };
    const payload = { channel: 'releases', epoch, sequence, prev, type: 'release.activated', data };
    const frame = await writeFrame(signer, payload, { ts: now });
    prev = frame.hash;
    texts.push(frame.text);
  }
  return texts;
}

/** How many items a second of `readMs` takes, with so many under way. */
async function countPerSecond<T>(
  items: readonly T[],
  { readMs, inFlight }: { readonly readMs: () => number; readonly inFlight: number },
  verify: (item: T) => Promise<unknown>,
): Promise<number> {
  const startedAt = readMs();
  let next = 0;
  const work = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) {
      if ((await verify(item)) === false) throw new Error('expected signatures that verify');
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return (items.length * 1000) / (readMs() - startedAt);
}

const readWallMs = (): number => performance.now();

/** The time of all threads. */
function readProcessorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
