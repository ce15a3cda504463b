/** QR codes (ISO/IEC 18004): bytes, error correction level L, versions 1 to 20, mask 0. */

/** Codewords of error correction in a block, and blocks, by version. */
const correctionLengths = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28];
const blockCounts = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8];

/** A square that is being filled; what is reserved carries no data. */
interface Square {
  readonly size: number;
  readonly dark: boolean[][];
  readonly reserved: boolean[][];
}

/** The rows of the code that says `text`, true for dark. Throws `RangeError` above 858 bytes. */
export function drawQr(text: string): readonly (readonly boolean[])[] {
  const bytes = new TextEncoder().encode(text);
  const version = chooseVersion(bytes.length);
  const square = drawPatterns(version);
  placeCodewords(square, correct(encodeBytes(bytes, version), version));
  return square.dark;
}

function chooseVersion(length: number): number {
  const fits = blockCounts.findIndex((_, index) => 4 + countBits(index + 1) + length * 8 <= dataLength(index + 1) * 8);
  if (fits === -1) throw new RangeError('expected at most 858 bytes');
  return fits + 1;
}

function countBits(version: number): number {
  return version < 10 ? 8 : 16;
}

function totalLength(version: number): number {
  const alignments = Math.floor(version / 7) + 2;
  const modules = (16 * version + 128) * version + 64;
  const aligned = version < 2 ? 0 : (25 * alignments - 10) * alignments - 55;
  return Math.floor((modules - aligned - (version < 7 ? 0 : 36)) / 8);
}

function dataLength(version: number): number {
  return totalLength(version) - (correctionLengths[version - 1] ?? 0) * (blockCounts[version - 1] ?? 0);
}

function encodeBytes(bytes: Uint8Array, version: number): readonly number[] {
  const write = (value: number, length: number) => value.toString(2).padStart(length, '0');
  const capacity = dataLength(version);
  const said = `0100${write(bytes.length, countBits(version))}${[...bytes].map((byte) => write(byte, 8)).join('')}`;
  const ended = said + '0'.repeat(Math.min(4, capacity * 8 - said.length));
  const whole = ended.padEnd(Math.ceil(ended.length / 8) * 8, '0');
  const codewords = (whole.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2));
  const missing = Array.from({ length: capacity - codewords.length }, (_, index) => (index % 2 === 0 ? 0xec : 0x11));
  return [...codewords, ...missing];
}

/** Cuts the data into blocks, gives each its error correction (Reed–Solomon), and takes a codeword of each in turn. */
function correct(data: readonly number[], version: number): readonly number[] {
  const [count, length] = [blockCounts[version - 1] ?? 1, correctionLengths[version - 1] ?? 0];
  const [short, longer] = [Math.floor(data.length / count), data.length % count];
  const divisor = makeDivisor(length);
  const starts = Array.from({ length: count }, (_, index) => index * short + Math.max(0, index - (count - longer)));
  const blocks = starts.map((start, index) => data.slice(start, start + short + (index < count - longer ? 0 : 1)));
  const corrections = blocks.map((block) => divide(block, divisor));
  const inTurn = (rows: readonly (readonly number[])[], most: number) =>
    Array.from({ length: most }, (_, index) => rows.flatMap((row) => row.slice(index, index + 1))).flat();
  return [...inTurn(blocks, short + 1), ...inTurn(corrections, length)];
}

function makeDivisor(degree: number): readonly number[] {
  let divisor: number[] = [...Array.from({ length: degree - 1 }, () => 0), 1];
  let root = 1;
  for (let step = 0; step < degree; step += 1) {
    divisor = divisor.map((value, index) => multiply(value, root) ^ (divisor[index + 1] ?? 0));
    root = multiply(root, 2);
  }
  return divisor;
}

function divide(block: readonly number[], divisor: readonly number[]): readonly number[] {
  let rest: number[] = divisor.map(() => 0);
  for (const codeword of block) {
    const factor = codeword ^ (rest[0] ?? 0);
    const shifted = [...rest.slice(1), 0];
    rest = shifted.map((value, index) => value ^ multiply(divisor[index] ?? 0, factor));
  }
  return rest;
}

/** In the field of 256 elements that QR codes use (x⁸ + x⁴ + x³ + x² + 1). */
function multiply(one: number, other: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((other >>> bit) & 1) * one;
  }
  return product;
}

function drawPatterns(version: number): Square {
  const size = version * 4 + 17;
  const rows = () => Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  const square = { size, dark: rows(), reserved: rows() };
  for (let index = 0; index < size; index += 1) {
    reserve(square, [6, index], index % 2 === 0);
    reserve(square, [index, 6], index % 2 === 0);
  }
  for (const [x, y] of [[3, 3] as const, [size - 4, 3] as const, [3, size - 4] as const]) {
    drawRings(square, [x, y], { reach: 4, light: [2, 4] });
  }
  for (const [x, y] of alignmentCentres(version)) drawRings(square, [x, y], { reach: 2, light: [1] });
  drawFormat(square);
  if (version >= 7) drawVersion(square, version);
  return square;
}

function reserve({ size, dark, reserved }: Square, [x, y]: readonly [number, number], isDark: boolean): void {
  const [darkRow, reservedRow] = [dark[y], reserved[y]];
  if (!darkRow || !reservedRow || x < 0 || x >= size) return;
  darkRow[x] = isDark;
  reservedRow[x] = true;
}

function drawRings(
  square: Square,
  [x, y]: readonly [number, number],
  { reach, light }: { readonly reach: number; readonly light: readonly number[] },
): void {
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      reserve(square, [x + dx, y + dy], !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
    }
  }
}

function alignmentCentres(version: number): readonly (readonly [number, number])[] {
  if (version === 1) return [];
  const last = version * 4 + 10;
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  const places = [6, ...Array.from({ length: count - 1 }, (_, index) => last - (count - 2 - index) * step)];
  return places
    .flatMap((x) => places.map((y) => [x, y] as const))
    .filter(([x, y]) => !((x === 6 && (y === 6 || y === last)) || (x === last && y === 6)));
}

/** Level L and mask 0, with their own error correction. */
function drawFormat(square: Square): void {
  const { size } = square;
  const bits = (0b01000 << 10) | remainder(0b01000, { length: 10, polynomial: 0x537 });
  const bit = (index: number) => (((bits ^ 0x5412) >>> index) & 1) === 1;
  for (let index = 0; index < 15; index += 1) {
    const around = index < 6 ? index : index < 8 ? index + 1 : index;
    reserve(square, index < 8 ? [8, around] : index === 8 ? [7, 8] : [14 - index, 8], bit(index));
    reserve(square, index < 8 ? [size - 1 - index, 8] : [8, size - 15 + index], bit(index));
  }
  reserve(square, [8, size - 8], true);
}

function drawVersion(square: Square, version: number): void {
  const bits = (version << 12) | remainder(version, { length: 12, polynomial: 0x1f25 });
  for (let index = 0; index < 18; index += 1) {
    const [far, near] = [square.size - 11 + (index % 3), Math.floor(index / 3)];
    reserve(square, [far, near], ((bits >>> index) & 1) === 1);
    reserve(square, [near, far], ((bits >>> index) & 1) === 1);
  }
}

function remainder(value: number, { length, polynomial }: { length: number; polynomial: number }): number {
  let rest = value;
  for (let step = 0; step < length; step += 1) rest = (rest << 1) ^ ((rest >>> (length - 1)) * polynomial);
  return rest;
}

/** From the lower right, two columns at a time, up and down; then the mask. */
function placeCodewords({ size, dark, reserved }: Square, codewords: readonly number[]): void {
  let index = 0;
  for (let right = size - 1; right >= 1; right -= right === 8 ? 3 : 2) {
    const isUpward = ((right + (right > 6 ? 1 : 2)) & 2) === 0;
    for (let step = 0; step < size * 2; step += 1) {
      const [x, y] = [right - (step % 2), isUpward ? size - 1 - (step >> 1) : step >> 1];
      const row = dark[y];
      if (!row || reserved[y]?.[x]) continue;
      const isDark = (((codewords[index >>> 3] ?? 0) >>> (7 - (index & 7))) & 1) === 1;
      row[x] = isDark !== ((x + y) % 2 === 0);
      index += 1;
    }
  }
}
