/** A project with a draft, for tests of the gate. */
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { Refusal } from '../../../src/errors.ts';
import { createOverride } from '../../../src/evidence/policies/override.ts';
import { changePolicy } from '../../../src/evidence/policies/policy.ts';
import { activateRelease } from '../../../src/releases/lifecycle/activation.ts';
import { addDraft, addProject, dayMs, type Scene, start } from '../scene.ts';

export const name = { slug: 'rocket', version: '1.0.0' };
export const scanned = 'policy: 1\nscan: {}\n';

export interface Place {
  readonly scene: Scene;
  readonly project: { readonly id: string; readonly slug: string };
  readonly release: { readonly id: string; readonly slug: string; readonly version: string };
}

export async function createPlace(scene: Scene, bytes?: Uint8Array): Promise<Place> {
  await scene.openServerKey(1);
  const projectId = await addProject(scene, 'rocket');
  const { releaseId } = await addDraft(scene, { projectId, version: '1.0.0', ...(bytes ? { bytes } : {}) });
  return { scene, project: { id: projectId, slug: 'rocket' }, release: { id: releaseId, ...name } };
}

export function setPolicy({ scene, project }: Place, text: string | undefined) {
  return changePolicy(scene.dependencies, scene.caller, { project, text });
}

export function activate({ scene }: Place): Promise<VerifiedManifest> {
  return activateRelease(scene.dependencies, scene.caller, name);
}

export function waive({ scene, release }: Place, rules: readonly ('scan' | 'signature')[]) {
  const request = { rules, reason: 'the scanner is being replaced', expiresAt: start + dayMs };
  return createOverride(scene.dependencies, scene.caller, { release, request });
}

export const isDenied = (error: unknown) => error instanceof Refusal && error.rule === 'policy-denied';
