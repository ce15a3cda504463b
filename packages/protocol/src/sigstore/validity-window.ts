/** When an instance of a trusted root counts: TimeRange (sigstore/protobuf-specs, sigstore_common.proto), closed at both ends. */
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { isPresent, parseObject, parseTime } from '../json/fields.ts';

/** Unix ms, both ends inclusive. */
export interface ValidityWindow {
  readonly start: number;
  /** `undefined`: not known yet. */
  readonly end: number | undefined;
}

/** The member `validFor`. Throws `malformed`; without a start, a window would be open since ever. */
export function parseWindow(object: SignableObject): ValidityWindow {
  const range = parseObject(object.validFor, 'validFor');
  const start = parseTime(range, 'start');
  const end = isPresent(range, 'end') ? parseTime(range, 'end') : undefined;
  if (end !== undefined && end < start)
    throw new TrustError('malformed', 'expected a window that ends after its start');
  return { start, end };
}

/** Whether `time` (Unix ms) is inside. */
export function isWithin({ start, end }: ValidityWindow, time: number): boolean {
  return time >= start && (end === undefined || time <= end);
}
