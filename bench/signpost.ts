/** A real server with one published release, for the benchmarks. */

import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { OfflineRoot } from '../test/programs/offline-root.ts';
import { type Operator, signIn } from '../test/programs/operator.ts';
import { readPeakResidentKib, readResidentKib } from '../test/programs/process-usage.ts';
import { activateRelease, createProject, pinRoot, waitForInspection } from '../test/programs/publisher.ts';
import { type Installation, install, type RunningServer, startServer } from '../test/programs/server.ts';

/** A server with the project `app`, and its operator. */
export interface Deployment {
  readonly installation: Installation;
  readonly server: RunningServer;
  readonly operator: Operator;
}

const megabyte = 1_000_000;

/** Runs `work` against a new server with these settings, and removes it after. */
export async function withDeployment<T>(
  work: (deployment: Deployment) => Promise<T>,
  settings: Readonly<Record<string, string>> = {},
): Promise<T> {
  const installation = await install({ SIGNPOST_MAX_UPLOAD_MB: '4096', ...settings });
  try {
    const server = await startServer(installation);
    try {
      const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
      await pinRoot(operator, await OfflineRoot.create());
      await createProject(operator, 'app');
      return await work({ installation, server, operator });
    } finally {
      await server.stop();
    }
  } finally {
    await installation.remove();
  }
}

/** A file of `megabytes` that no compression shortens and no inspection unpacks, in the deployment's folder. */
export async function writeNoise({ installation }: Deployment, megabytes: number): Promise<string> {
  const path = join(installation.folder, `noise-${megabytes}.bin`);
  const block = Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(65_536)));
  const file = await open(path, 'w');
  try {
    // The block is numbered, so that no two are alike.
    for (let written = 0; written < megabytes * megabyte; written += block.length) {
      block.writeBigUInt64LE(BigInt(written), 0);
      await file.write(block, 0, Math.min(block.length, megabytes * megabyte - written));
    }
  } finally {
    await file.close();
  }
  return path;
}

/** Sends a file through the upload pipeline; resolves when it is a draft. */
export async function uploadFile(
  { server, operator }: Deployment,
  { path, version, name, sizeBytes }: { path: string; version: string; name: string; sizeBytes: number },
): Promise<void> {
  const uploads = '/api/projects/app/uploads';
  const { id } = await operator.call('POST', uploads, { version, name, size_bytes: sizeBytes });
  await sendFile(`${server.base}${uploads}/${id}?offset=0`, { path, sizeBytes, headers: operator.headers });
  await waitForInspection(operator, `${uploads}/${id}`);
}

/** By `node:http`, so that the sender costs little of the two cores. */
async function sendFile(
  url: string,
  { path, sizeBytes, headers }: { path: string; sizeBytes: number; headers: Operator['headers'] },
): Promise<void> {
  const sending = request(url, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/octet-stream', 'content-length': sizeBytes },
  });
  const answered = once(sending, 'response') as Promise<[IncomingMessage]>;
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), sending);
  const [response] = await answered;
  const body = await text(response);
  if (response.statusCode !== 200)
    throw new Error(`expected the upload to be taken, got ${response.statusCode} ${body}`);
}

/** Uploads a file as version 1.0.0 and makes it the active release. */
export async function publishFile(deployment: Deployment, path: string, sizeBytes: number): Promise<void> {
  await uploadFile(deployment, { path, version: '1.0.0', name: 'app.bin', sizeBytes });
  await activateRelease(deployment.operator, 'app', '1.0.0');
}

/** The server's memory in MiB: now, and the most so far. Linux only. */
export async function readMemory({ server }: Deployment): Promise<{ now: number; peak: number }> {
  const pid = Number(server.process.pid);
  return { now: readResidentKib(pid) / 1024, peak: readPeakResidentKib(pid) / 1024 };
}
