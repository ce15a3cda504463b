/** Labels of internationalised host names (RFC 5890, 2.3.1): what looks like an A-label must be one. */
import { domainToASCII, domainToUnicode } from 'node:url';
import { quote, refuseName } from './name-text.ts';

/** Throws `invalid` for hyphens in the third and fourth place that begin no A-label, and for A-labels that decode to nothing good. */
export function assertALabels(host: string): void {
  for (const label of host.toLowerCase().split('.')) {
    if (label.slice(2, 4) !== '--') continue;
    if (!label.startsWith('xn--') || !isALabel(label)) {
      throw refuseName('name-a-label', `expected an A-label where hyphens stand third and fourth, got ${quote(label)}`);
    }
  }
}

/** It decodes to characters beyond ASCII, and they encode to it again (UTS #46, as browsers do it). */
function isALabel(label: string): boolean {
  const decoded = domainToUnicode(label);
  return decoded !== '' && decoded !== label && /[^\x00-\x7f]/.test(decoded) && domainToASCII(decoded) === label;
}
