/** A badge for other sites: version and scan status of the release in service. */
import type { ScanFacts } from '@signpost/protocol/updates/manifest';

const colours = { clean: '#2e7d32', not_scanned: '#b26a00', none: '#616161' } as const;

/** The SVG of the badge; without a manifest it says so. `version` must be a checked version: it stands in the picture as it is. */
export function renderBadge(served: { version: string; scan: ScanFacts | undefined } | undefined): string {
  const status = served ? (served.scan?.status ?? 'not_scanned') : 'none';
  const words = { clean: 'signed, scanned', not_scanned: 'signed, not scanned', none: 'no release' }[status];
  const text = served ? `${served.version} ${words}` : words;
  const left = 62;
  const right = 14 + text.length * 6.6;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="signpost: ${text}">`,
    `<title>signpost: ${text}</title>`,
    `<rect width="${left + right}" height="20" rx="4" fill="${colours[status]}"/>`,
    `<path d="M4 0h${left - 4}v20h-${left - 4}a4 4 0 0 1-4-4v-12a4 4 0 0 1 4-4z" fill="#37474f"/>`,
    `<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">`,
    `<text x="${left / 2}" y="14">signpost</text><text x="${left + right / 2}" y="14">${text}</text></g></svg>`,
  ].join('');
}
