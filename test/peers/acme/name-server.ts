/** A little DNS server for tests: every host is this machine, and texts stand in files of a folder. */
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A server that answers. */
export interface NameServer {
  /** `127.0.0.1:port`, as in SIGNPOST_DNS_SERVERS. */
  readonly address: string;
  close(): void;
}

const typeA = 1;
const typeTxt = 16;

/** Answers A with 127.0.0.1, TXT with the lines of the file in `folder` that has the name, everything else with nothing. */
export async function openNameServer(folder: string): Promise<NameServer> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { address, port }) => {
    void answer(query, folder).then((reply) => socket.send(reply, port, address));
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  return { address: `127.0.0.1:${(socket.address() as AddressInfo).port}`, close: () => socket.close() };
}

/** RFC 1035, 4.1: the question again, and the records, each with a pointer to its name. */
async function answer(query: Buffer, folder: string): Promise<Buffer> {
  const { name, end } = readName(query);
  const type = query.readUInt16BE(end);
  const question = query.subarray(12, end + 4);
  const records = await findRecords(name, type, folder);
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // An authoritative answer, recursion available.
  header.writeUInt16BE(0x8580, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question, ...records.map((data) => encodeRecord(type, data))]);
}

function readName(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

async function findRecords(name: string, type: number, folder: string): Promise<Buffer[]> {
  if (type === typeA) return [Buffer.from([127, 0, 0, 1])];
  if (type !== typeTxt) return [];
  const text = await readFile(join(folder, name), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => Buffer.concat([Buffer.from([line.length]), Buffer.from(line)]));
}

function encodeRecord(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
