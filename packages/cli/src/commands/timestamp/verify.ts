/** `signpost timestamp verify`: what a kept answer (RFC 3161) is worth, without a server. */
import { readFile, stat } from 'node:fs/promises';
import { parseSignedData } from '@signpost/protocol/cms/signed-data';
import { parseTimestampInfo } from '@signpost/protocol/cms/timestamp-info';
import { parseTimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { verifyTimestamp } from '@signpost/protocol/cms/verify-timestamp';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { describeTimestamp, digestFile, readTrusted } from './timestamp.ts';

/** `signpost timestamp verify`. */
export const timestampVerify: CommandSpec = {
  words: 'timestamp verify',
  arguments: '<file> <response>',
  summary: 'Verify a timestamp of a file under roots that you trust; no server is asked',
  details: [
    "The authority's certificate must have been valid at the time of the timestamp. Whether it was revoked since is not asked: a revocation for a lost key makes every timestamp of it doubtful.",
  ],
  options: [{ flags: '--ca <file>', text: 'trusted roots, PEM', required: true }],
  examples: ['signpost timestamp verify app-1.0.0.zip app-1.0.0.zip.tsr --ca root.pem'],
  run: verify,
};

const maxResponseBytes = 1024 * 1024;

async function verify(invocation: Invocation): Promise<Answer> {
  const [path, out] = [readArgument(invocation, 0), readArgument(invocation, 1)];
  const anchors = await readTrusted(invocation.options.requiredText('ca'));
  const response = parseTimestampResponse(await readResponse(out));
  if (response.kind === 'refused') throw new Failure('unverified', `${out} holds a refusal, and no timestamp`);
  // Which digest to compute stands in what is about to be verified: another one would not fit what is signed.
  const claimed = parseTimestampInfo(parseSignedData(response.token).content ?? new Uint8Array());
  const imprint = await digestFile(path, claimed.imprint.hash);
  return describeTimestamp('Verified.', await verifyTimestamp(response.token, { imprint, anchors }), { path, out });
}

async function readResponse(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const facts = await stat(file).catch((cause) => {
    throw new Failure('refused', `${file} cannot be read`, { cause });
  });
  if (facts.size > maxResponseBytes) {
    throw new Failure('refused', `expected at most ${maxResponseBytes} bytes in ${file}`);
  }
  return new Uint8Array(await readFile(file));
}
