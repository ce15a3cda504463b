/** Labels of internationalised host names (RFC 5890, 2.3.1): what looks like an A-label must be one. */
import { isALabel } from '@signpost/protocol/x509/a-label';
import { quote, refuseName } from './name-text.ts';

/** Throws `invalid` for hyphens in the third and fourth place that begin no A-label, and for A-labels that decode to nothing good. */
export function assertALabels(host: string): void {
  if (!host.includes('--')) return;
  for (const label of host.toLowerCase().split('.')) {
    if (label.slice(2, 4) !== '--') continue;
    if (!isALabel(label)) {
      throw refuseName('name-a-label', `expected an A-label where hyphens stand third and fourth, got ${quote(label)}`);
    }
  }
}
