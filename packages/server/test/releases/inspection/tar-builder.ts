/** Builds tar archives block by block, so that each field can be made to lie. */

/** An entry; what is left out is what an honest program would write. */
export interface TarPlan {
  name: string | Buffer;
  content?: Buffer | string;
  type?: string;
  size?: number;
  sizeField?: Buffer;
  prefix?: string;
  linkName?: string;
  magic?: string;
  checksum?: number;
}

/** The archive with its two blocks of zeros. */
export function buildTar(plans: readonly TarPlan[], end: Buffer = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([...plans.map(buildEntry), end]);
}

/** An extended header with the given records. */
export function pax(fields: Readonly<Record<string, string>>, type = 'x'): TarPlan {
  const content = Object.entries(fields).map(([key, value]) => paxRecord(key, value));
  return { name: 'PaxHeaders/next', type, content: Buffer.from(content.join('')) };
}

/** One record: its length counts its own digits. */
export function paxRecord(key: string, value: string): string {
  const bytes = Buffer.byteLength(` ${key}=${value}\n`);
  let length = bytes + 1;
  while (String(length).length + bytes !== length) length++;
  return `${length} ${key}=${value}\n`;
}

function buildEntry(plan: TarPlan): Buffer {
  const content = Buffer.from(plan.content ?? '');
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([buildHeader(plan, plan.size ?? content.length), content, padding]);
}

function buildHeader(plan: TarPlan, size: number): Buffer {
  const block = Buffer.alloc(512);
  Buffer.from(plan.name).copy(block, 0, 0, 100);
  block.write('0000644\x000000000\x000000000\0', 100, 'latin1');
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  plan.sizeField?.copy(block, 124);
  block.write('00000000000\0        ', 136, 'latin1');
  block.write(plan.type ?? '0', 156, 'latin1');
  block.write(plan.linkName ?? '', 157, 'utf8');
  block.write(plan.magic ?? 'ustar\x0000', 257, 'latin1');
  block.write(plan.prefix ?? '', 345, 'utf8');
  const sum = plan.checksum ?? block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
