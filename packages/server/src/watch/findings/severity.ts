/** Severities, as they are read. */
import { type Severity, severities } from '../drift/kinds.ts';

/** Whether `severity` is `least` or worse. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(least);
}
