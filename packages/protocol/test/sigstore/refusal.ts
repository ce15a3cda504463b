/** How the tests of refusals are told: a plan of a bundle, what else is wrong, and the code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrustErrorCode } from '@signpost/protocol/errors';
import type { BundleRequirements } from '@signpost/protocol/sigstore/verify-bundle';
import { refuses } from '../refuses.ts';
import * as instance from './instance.ts';
import { type BundleJson, mint, type Plan } from './minted.ts';
import { createTrustedRoot, policy, verify } from './verify.ts';

/** A bundle with something wrong, and why it is refused. */
export interface Refusal {
  readonly code: TrustErrorCode;
  readonly plan?: Plan | (() => Promise<Plan>);
  readonly changes?: Partial<BundleRequirements> | (() => Promise<Partial<BundleRequirements>>);
  readonly alter?: (bundle: BundleJson) => void;
  readonly says?: RegExp;
}

/** One test for each. */
export function testRefusals(group: string, refusals: Readonly<Record<string, Refusal>>): void {
  for (const [words, { code, plan = {}, changes = {}, alter, says }] of Object.entries(refusals)) {
    test(`${group}: ${words} is refused`, async () => {
      const bundle = await mint(typeof plan === 'function' ? await plan() : plan);
      alter?.(bundle);
      const requirements = typeof changes === 'function' ? await changes() : changes;
      await assert.rejects(verify(bundle, requirements), refuses(code, says));
    });
  }
}

/** A trusted root with other members. */
export function withRoot(changes: Readonly<Record<string, unknown>>): () => Promise<Partial<BundleRequirements>> {
  return async () => ({ trustedRoot: await createTrustedRoot(changes) });
}

/** A policy with other members. */
export function withPolicy(changes: object): Partial<BundleRequirements> {
  return { signer: { kind: 'policy', policy: policy(changes) } };
}

/** A signer whose certificate is otherwise. */
export function withSigner(options: instance.SignerOptions, plan: Plan = {}): () => Promise<Plan> {
  return async () => ({ ...plan, signer: await instance.createSignerParty(options) });
}

const hourMs = 3_600_000;

/** A window that begins later, and one that is over. */
export const beforeWindow = { start: new Date(instance.signedAt + hourMs).toISOString() };
export const afterWindow = { ...instance.validFor, end: new Date(instance.signedAt - hourMs).toISOString() };
