/** What it costs to sign a frame as the server does: once, however many listen. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { firstPrev } from '@signpost/protocol/frames/frame';
import { writeFrame } from '@signpost/protocol/frames/write-frame';
import { createFrame } from './contestants.ts';

const frames = 5000;

/** Microseconds of processor time for one frame of the usual length, from its data to the signed text. */
export async function measureSigning(): Promise<number> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const signer = {
    kid: '0'.repeat(32),
    sign: (message: Uint8Array<ArrayBuffer>) => new Uint8Array(sign(null, message, privateKey)),
  };
  const [epoch, channel] = ['0123456789abcdef', 'app.bench'];
  let prev = firstPrev(channel, epoch);
  const write = async (sequence: number) => {
    const { mark, t } = createFrame();
    const payload = { channel, epoch, sequence, prev, type: 'app.bench', data: { mark, t } };
    prev = (await writeFrame(signer, payload, { ts: Date.now() })).hash;
  };
  for (let sequence = 1; sequence <= frames / 10; sequence += 1) await write(sequence);
  const before = process.cpuUsage();
  for (let sequence = 1; sequence <= frames; sequence += 1) await write(sequence);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / frames;
}
