/** A place that something is fetched from, with answers that a test chooses, and archives of any kind. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describeStatement, mint, sha256Hex } from '../../../protocol/test/sigstore/minted.ts';
import type { Ending } from '../support/run.ts';

/** One answer. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server whose answers stand in a map by path, and what it was asked. */
export interface Place {
  readonly base: string;
  readonly answers: Map<string, Answer | Uint8Array | string>;
  readonly asked: string[];
}

/** Starts it. Bytes are served with an ETag and ranges, as file servers do. */
export async function startPlace(ending: Ending): Promise<Place> {
  const answers: Place['answers'] = new Map();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    asked.push(path);
    const answer = answers.get(path);
    if (answer === undefined) response.writeHead(404).end();
    else if (typeof answer === 'function') answer(request, response);
    else serveBytes(Buffer.from(answer), request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ending.after(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answers, asked };
}

/** Serves bytes with a strong ETag, and the rest of them when that still holds. */
export function serveBytes(bytes: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const etag = `"${sha256Hex(bytes).slice(0, 16)}"`;
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? -1);
  if (start < 0 || request.headers['if-range'] !== etag) {
    response.writeHead(200, { etag, 'content-length': bytes.length }).end(bytes);
    return;
  }
  const rest = bytes.subarray(start);
  const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(206, { etag, 'content-range': range, 'content-length': rest.length }).end(rest);
}

/** A bundle with a statement about these bytes, signed so many milliseconds before now. */
export async function bundleFor(bytes: Uint8Array, signedAt?: number): Promise<string> {
  const payload = describeStatement([{ name: 'x', digest: { sha256: sha256Hex(bytes) } }]);
  return JSON.stringify(await mint({ payload, ...(signedAt !== undefined && { timestamps: [{ time: signedAt }] }) }));
}

/** An entry of a tar archive. */
export interface TarEntry {
  readonly name: string;
  readonly type?: string;
  readonly content?: string | Uint8Array;
  readonly mode?: number;
}

/** A tar.gz of the entries, whatever they are. */
export function createTarGz(entries: readonly TarEntry[]): Buffer {
  return gzipSync(Buffer.concat([...entries.map(encodeEntry), Buffer.alloc(1024)]));
}

function encodeEntry({ name, type = '0', content = '', mode = 0o644 }: TarEntry): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0, 100);
  header.write(octal(mode, 7), 100);
  header.write(octal(bytes.length, 11), 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257, 'latin1');
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    ),
    148,
  );
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}
