/** What a row of the table of drift is. */
import type { DriftKind, GateDefault, Severity } from '../../../src/watch/drift/kinds.ts';
import type { Case } from './scene.ts';

/** One row. */
export interface Row {
  readonly kind: DriftKind;
  readonly severity: Severity;
  readonly gate: GateDefault;
  /** What the finding says was before and is now; absent: not held against it. */
  readonly after?: string | undefined;
  /** Each gives exactly one finding of the kind, with that severity and gate. */
  readonly fires: readonly Case[];
  /** None gives a finding of the kind. */
  readonly silent: readonly Case[];
}

/** A row without a word about its ends. */
export function row(
  kind: DriftKind,
  [severity, gate]: readonly [Severity, GateDefault],
  fires: readonly Case[],
  silent: readonly Case[],
): Row {
  return { kind, severity, gate, fires, silent };
}
