/** What a cluster may run: by stored verdicts, within a time, and by one more look where there is time for it. */
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { conclude } from '../gates/judge.ts';
import { noteUse } from '../gates/store.ts';
import { type GateVerdict, readVerdict } from '../gates/verdict.ts';
import { awaitLook, requestLook } from '../observing/request.ts';
import type { WatchParts } from '../parts.ts';
import { readPolicy, selectRule } from '../policies/policy.ts';
import { parseSourceReference, type SourceReference } from '../sources/source-key.ts';
import type { Admitted, Review } from './review.ts';

/** What admission works with. */
export interface AdmissionParts extends WatchParts {
  readonly observing: { wake(): void };
}

/** Who asks for where. */
export interface Admission {
  readonly caller: Caller;
  readonly environment: string | undefined;
  /** For all images together. */
  readonly budgetMs: number;
}

/** Judges the images of a review. What is not judged within the budget is unknown, and the policy says what that means. */
export async function admitImages(
  parts: AdmissionParts,
  admission: Admission,
  { images, isDryRun }: Review,
): Promise<readonly Admitted[]> {
  const judged = images.map((image) => admitImage(parts, admission, { image, isDryRun }));
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, admission.budgetMs);
  });
  try {
    return await Promise.all(
      judged.map((one, index) => Promise.race([one, end.then(() => admitLate(parts, admission, images[index] ?? ''))])),
    );
  } finally {
    clearTimeout(timer);
  }
}

interface Asked {
  readonly image: string;
  /** Nothing may come of it. */
  readonly isDryRun: boolean;
}

async function admitImage(parts: AdmissionParts, admission: Admission, { image, isDryRun }: Asked): Promise<Admitted> {
  const reference = parseImage(image);
  if (!reference) return { image, outcome: 'deny', why: 'it is no reference of an image' };
  const { environment, caller } = admission;
  const read = () => readVerdict(parts, { organisationId: caller.organisationId, reference, environment });
  const verdict = await read();
  if (isDryRun) return describe(image, verdict);
  if (verdict.source) await noteUse(parts.database.query, verdict.source.id, parts.now());
  const isUnseen = verdict.source !== undefined && verdict.reasons.some(({ code }) => code === 'artifact.unseen');
  if (!isUnseen || verdict.outcome !== 'unknown') return describe(image, verdict);
  await look(parts, admission, image);
  return describe(image, await read());
}

async function look(parts: AdmissionParts, { caller, budgetMs }: Admission, image: string): Promise<void> {
  try {
    const asked = await requestLook(parts, caller, `oci:${image}`);
    parts.observing.wake();
    await awaitLook(parts.database.query, asked, budgetMs);
  } catch (error) {
    // Too much is asked for already: it stays unknown.
    if (!(error instanceof Refusal)) throw error;
  }
}

/** An image is one whatever it is called: `npm:1.0` is the image `npm`. */
function parseImage(image: string): SourceReference | undefined {
  try {
    return parseSourceReference(`oci:${image}`);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

async function admitLate({ database }: AdmissionParts, admission: Admission, image: string): Promise<Admitted> {
  const { organisationId } = admission.caller;
  const key = parseImage(image)?.key ?? image;
  const { document } = await readPolicy(database.query, organisationId);
  const rule = selectRule(document, { key, environment: admission.environment });
  const reason = { code: 'gate.late', effect: 'unknown', text: 'there was no time to judge it' } as const;
  return { image, outcome: conclude(rule, [reason]).outcome, why: reason.text };
}

function describe(image: string, { outcome, reasons }: GateVerdict): Admitted {
  const told = reasons.filter(({ effect }) => effect !== 'ok').map(({ code, text }) => `${code}, ${text}`);
  return { image, outcome, why: told.join('; ') };
}
