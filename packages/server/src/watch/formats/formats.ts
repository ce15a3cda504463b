/** The tools whose settings are read and written. */
import { cosign } from './cosign.ts';
import type { Format } from './image-policy.ts';
import { kyverno } from './kyverno.ts';
import { notation } from './notation.ts';
import { pnpm } from './pnpm.ts';
import { policyController } from './policy-controller.ts';

/** By name. */
export const formats = {
  cosign,
  'policy-controller': policyController,
  kyverno,
  notation,
  pnpm,
} as const satisfies Readonly<Record<string, Format>>;

/** The name of one. */
export type FormatName = keyof typeof formats;
