/** The pre-flight of a release, as every part of a page sees it. */
import { Problem } from '../../api/problem.ts';
import { keepAsking } from '../../app/keep-asking.svelte.ts';
import { createResource, type Resource } from '../../app/resource.svelte.ts';
import { api } from '../../app/session.svelte.ts';
import { isRunning, type Report } from './wording.ts';

/** What there is of it. */
export interface Preflight {
  /** Null: there was none yet. */
  readonly report: Report | null;
  /** False where every gate is off: a deploy passes without a report then. */
  readonly isNeeded: boolean;
}

interface Release {
  readonly slug: string;
  readonly version: string;
  /** When it was made; absent: long ago. */
  readonly since?: string | undefined;
}

/** So long after an upload the first run may still be on its way. */
const firstRunMs = 120_000;

/**
 * Asks for the pre-flight of a release, and again while a run is under way or may begin by itself; without a release nobody is asked. Call it
 * while a component is set up.
 */
export function followPreflight(release: () => Release | undefined): Resource<Preflight> {
  const preflight = createResource(async (signal) => {
    const wanted = release();
    return wanted ? readPreflight(wanted, signal) : { report: null, isNeeded: false };
  });
  keepAsking(preflight, ({ report }) => report !== null && isRunning(report));
  // An upload begins one by itself; of an older release there is none until somebody runs it.
  const mayBegin = (since: string | undefined) => since !== undefined && Date.now() - Date.parse(since) < firstRunMs;
  keepAsking(preflight, ({ report, isNeeded }) => report === null && isNeeded && mayBegin(release()?.since), 4000);
  return preflight;
}

async function readPreflight({ slug, version }: Release, signal: AbortSignal): Promise<Preflight> {
  try {
    const path = { slug, version };
    const report = await api.ask('GET /api/projects/{slug}/releases/{version}/wordpress/preflight', { path, signal });
    return { report, isNeeded: report.tools.some(({ gate }) => gate !== 'off') };
  } catch (error) {
    // That there was none yet is no refusal here.
    if (!(error instanceof Problem && error.details.rule === 'preflight-missing')) throw error;
    const { gates } = await api.ask('GET /api/projects/{slug}/wordpress/preflight', { path: { slug }, signal });
    return { report: null, isNeeded: Object.values(gates).some((gate) => gate !== 'off') };
  }
}
