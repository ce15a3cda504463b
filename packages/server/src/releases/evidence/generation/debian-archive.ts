/** The members of a Debian package (deb(5), ar(5)): where its control archive lies. */
import type { ByteSource } from '../../inspection/byte-source.ts';
import type { Extent } from '../../inspection/inflate.ts';

const magicBytes = 8;
const headerBytes = 60;

/** The largest control archive that is opened. */
const maxControlBytes = 8 * 2 ** 20;

/** The control archive, and how it is packed; undefined when there is none that can be opened. */
export function findControlArchive(
  source: ByteSource,
): { readonly extent: Extent; readonly compression: 'none' | 'gzip' | 'zstd' } | undefined {
  // It is the second member, after `debian-binary`.
  for (let offset = magicBytes, members = 0; offset + headerBytes <= source.size && members < 3; members++) {
    const header = source.read(offset, headerBytes).toString('latin1');
    const [, padded = '', size = ''] = /^(.{16}).{32}(\d{1,10}) *`\n$/s.exec(header) ?? [];
    const extent = { offset: offset + headerBytes, length: Number(size) };
    if (size === '' || extent.offset + extent.length > source.size) return undefined;
    const compression = /^control\.tar(?:\.(gz|zst))?$/.exec(padded.trimEnd().replace(/\/$/, ''));
    if (compression && extent.length <= maxControlBytes)
      return { extent, compression: compression[1] === 'gz' ? 'gzip' : compression[1] === 'zst' ? 'zstd' : 'none' };
    // Members begin at even offsets.
    offset = extent.offset + extent.length + (extent.length % 2);
  }
  return undefined;
}
