/** Archives of every shape, honest and hostile, with damage done to them. */
import { gzipSync } from 'node:zlib';
import { hostileTars } from './hostile-tars.ts';
import { hostileZips } from './hostile-zips.ts';
import { buildTar, pax } from './tar-builder.ts';
import { buildZip, end64, extraField, file, u32, u64 } from './zip-builder.ts';

/** An archive under the name that it would be uploaded with. */
export interface DamagedArchive {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A source of archives that `seed` determines. */
export function createArchives(seed: number): () => DamagedArchive {
  const seeds = collectSeeds();
  const random = createRandom(seed);
  return () => damage(pick(seeds, random), { seeds, random });
}

const largestSeedBytes = 64 * 1024;

interface Seed {
  readonly name: string;
  readonly bytes: Buffer;
  /** The archive is damaged before it is compressed, so that the damage reaches the tar inside. */
  readonly isTar: boolean;
}

/** Honest archives of every shape, and the hostile ones that are small. */
function collectSeeds(): Seed[] {
  const stored = file('stored.txt', { method: 0 });
  const streamed = { ...file('streamed.txt', { flags: 8, content: '' }), descriptor: u32(0x08074b50, 0, 2, 0) };
  const wide = file('wide.txt', {
    content: 'x',
    local: { size: 0xffffffff, compressedSize: 0xffffffff, extra: extraField(1, u64(1, 3)) },
  });
  const zips = [
    buildZip([file('a.txt'), file('b/', { content: '', mode: 0o40755 }), file('b/c.txt'), stored]),
    buildZip([streamed, wide, file('ü.txt', { flags: 0x800 })], { comment: Buffer.from('a comment') }),
    buildZip([file('a.txt')], { end64: (truth) => end64(truth) }),
  ];
  const tars = [
    buildTar([
      { name: 'a.txt', content: 'a' },
      { name: 'b/', type: '5' },
      pax({ path: 'b/c.txt', mtime: '1.5' }),
      { name: 'short', content: 'c' },
    ]),
    buildTar([
      { name: 'L', type: 'L', content: 'long.txt\0' },
      { name: 'short', content: 'c', magic: 'ustar  \0' },
    ]),
  ];
  const honest = [
    ...zips.map((bytes) => ({ name: 'fuzz.zip', bytes, isTar: false })),
    ...tars.map((bytes) => ({ name: 'fuzz.tar.gz', bytes, isTar: true })),
    ...tars.map((bytes) => ({ name: 'fuzz.tar.gz', bytes: gzipSync(bytes), isTar: false })),
    ...tars.map((bytes) => ({ name: 'fuzz.tar', bytes, isTar: false })),
  ];
  const hostile = [...hostileZips, ...hostileTars].map(({ name, build }) => ({ name, bytes: build(), isTar: false }));
  return [...Array(8).fill(honest).flat(), ...hostile].filter(({ bytes }) => bytes.length <= largestSeedBytes);
}

interface Damage {
  readonly seeds: readonly Seed[];
  readonly random: () => number;
}

function damage(seed: Seed, { seeds, random }: Damage): DamagedArchive {
  let bytes: Buffer = Buffer.from(seed.bytes);
  const times = Math.floor(random() * 4);
  for (let time = 0; time < times; time++) bytes = pick(damages, random)(bytes, { seeds, random });
  if (!seed.isTar) return { name: seed.name, bytes };
  if (random() < 0.8) mendChecksums(bytes);
  return { name: seed.name, bytes: gzipSync(bytes, { level: 1 }) };
}

const interesting = [
  0, 1, 2, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];

const damages: readonly ((bytes: Buffer, damage: Damage) => Buffer)[] = [
  function flipBit(bytes, { random }) {
    const at = Math.floor(random() * bytes.length);
    if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    return bytes;
  },
  function setByte(bytes, { random }) {
    if (bytes.length > 0) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    return bytes;
  },
  function setNumber(bytes, { random }) {
    if (bytes.length >= 4) bytes.writeUInt32LE(pick(interesting, random), Math.floor(random() * (bytes.length - 3)));
    return bytes;
  },
  function setShort(bytes, { random }) {
    if (bytes.length >= 2)
      bytes.writeUInt16LE(pick(interesting, random) & 0xffff, Math.floor(random() * (bytes.length - 1)));
    return bytes;
  },
  function changeHeader(bytes, { random }) {
    const at = bytes.indexOf(pick(['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06', 'PK\x06\x06'], random), 0, 'latin1');
    const field = at + 4 + Math.floor(random() * 42);
    if (at !== -1 && field + 2 <= bytes.length) bytes.writeUInt16LE(pick(interesting, random) & 0xffff, field);
    return bytes;
  },
  function truncate(bytes, { random }) {
    return bytes.subarray(0, Math.floor(random() * (bytes.length + 1)));
  },
  function insert(bytes, { random }) {
    const at = Math.floor(random() * (bytes.length + 1));
    return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(Math.floor(random() * 40)), bytes.subarray(at)]);
  },
  function remove(bytes, { random }) {
    const at = Math.floor(random() * (bytes.length + 1));
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + Math.floor(random() * 40))]);
  },
  function splice(bytes, { seeds, random }) {
    const other = pick(seeds, random).bytes;
    const head = bytes.subarray(0, Math.floor(random() * (bytes.length + 1)));
    return Buffer.concat([head, other.subarray(Math.floor(random() * (other.length + 1)))]);
  },
  function repeat(bytes, { random }) {
    const from = Math.floor(random() * (bytes.length + 1));
    const to = from + Math.floor(random() * (bytes.length - from + 1));
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
];

/** Without right checksums nearly all damage to a tar would end at the same rule. */
function mendChecksums(bytes: Buffer): void {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    if (block.toString('latin1', 257, 262) !== 'ustar') continue;
    block.fill(' ', 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
}

function pick<T>(list: readonly T[], random: () => number): T {
  const item = list[Math.floor(random() * list.length)];
  if (item === undefined) throw new RangeError('expected something to pick from');
  return item;
}

/** mulberry32: the same archives for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
