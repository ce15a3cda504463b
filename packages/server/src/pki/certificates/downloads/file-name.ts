/** Names of files that are downloaded (RFC 6266; RFC 8187): safe to save, whatever a certificate calls itself. */
import type { CertificateRow } from '../../records/certificate-row.ts';

const maxCharacters = 80;

/** What a certificate's files are called, without an ending: by its common name, its first name, or its serial number. */
export function nameFile({ common_name, names, serial }: CertificateRow): string {
  const [first = ''] = JSON.parse(names) as string[];
  const title = common_name || first.slice(first.indexOf(':') + 1);
  const safe = title
    .normalize('NFC')
    .replace(/^\*\./, 'wildcard.')
    // Separators, what Windows forbids, control and direction marks: in all of them, a stranger chose the name.
    .replace(/[\s/\\:*?"<>|%;'`$&]+/gu, '_')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, '')
    .replace(/^[.\-_]+|[.\-_]+$/g, '');
  const short = [...safe].slice(0, maxCharacters).join('');
  return short === '' || isReserved(short) ? `certificate-${serial}` : short;
}

/** Names that Windows takes for devices, with any ending. */
function isReserved(name: string): boolean {
  return /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i.test(name);
}

/** Content-Disposition of a file to save: in ASCII for everybody, and as it is for those who read RFC 8187. */
export function attachment(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_');
  if (ascii === name) return `attachment; filename="${name}"`;
  const encoded = encodeURIComponent(name).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
