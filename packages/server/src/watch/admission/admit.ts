/** What a cluster may run: by stored verdicts, within a time, and by one more look where there is time for it. */
import type { BaseLogger } from 'pino';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { conclude, type Reason } from '../gates/judge.ts';
import { type GateVerdict, judgePin, noteAsked, readVerdict } from '../gates/verdict.ts';
import { type AskedReference, awaitLook, requestLooks } from '../observing/request.ts';
import type { WatchParts } from '../parts.ts';
import { readPolicy, selectRule } from '../policies/policy.ts';
import { parseSourceReference, type SourceReference } from '../sources/source-key.ts';
import type { Admitted, Review } from './review.ts';

/** What admission works with. */
export interface AdmissionParts extends WatchParts {
  readonly observing: { wake(): void };
  readonly log: Pick<BaseLogger, 'warn'>;
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
  { images, isDryRun }: Pick<Review, 'images' | 'isDryRun'>,
): Promise<readonly Admitted[]> {
  const read = images.map((image) => readImage(parts, admission, { image, isDryRun }));
  const asked = isDryRun ? undefined : askForUnseen(parts, admission, read);
  const judged = read.map((one) => settle(parts, admission, { read: one, asked }));
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, admission.budgetMs);
  });
  const late = end.then(() => admitUnjudged(parts, admission, { images, reason: lateReason }));
  try {
    return await Promise.all(
      judged.map((one, index) =>
        Promise.race([one, late.then((all) => all[index] ?? unreadable(images[index] ?? ''))]),
      ),
    );
  } finally {
    clearTimeout(timer);
  }
}

const lateReason: Reason = { code: 'gate.late', effect: 'unknown', text: 'there was no time to judge it' };

/** Judges images by nothing but the policy: `reason` is why nothing else is known of them. */
export async function admitUnjudged(
  { database }: AdmissionParts,
  { caller, environment }: Admission,
  { images, reason }: { readonly images: readonly string[]; readonly reason: Reason },
): Promise<readonly Admitted[]> {
  const { document } = await readPolicy(database.query, caller.organisationId);
  return images.map((image) => {
    const reference = parseImage(image);
    if (!reference) return unreadable(image);
    const rule = selectRule(document, { key: reference.key, environment });
    return describe(image, conclude(rule, [...judgePin(reference, rule), reason]));
  });
}

interface ReadImage {
  readonly image: string;
  /** Undefined: it is no reference. */
  readonly reference: SourceReference | undefined;
  readonly verdict: GateVerdict | undefined;
}

async function readImage(
  parts: AdmissionParts,
  { caller, environment }: Admission,
  { image, isDryRun }: { readonly image: string; readonly isDryRun: boolean },
): Promise<ReadImage> {
  const reference = parseImage(image);
  if (!reference) return { image, reference, verdict: undefined };
  const verdict = await readVerdict(parts, { organisationId: caller.organisationId, reference, environment });
  // Nothing may come of a dry run.
  return { image, reference, verdict: isDryRun ? verdict : await noteAsked(parts, verdict) };
}

/** Asks for all that nobody ever saw at once. Fails for nobody who is not waiting for it. */
async function askForUnseen(
  parts: AdmissionParts,
  { caller }: Admission,
  read: readonly Promise<ReadImage>[],
): Promise<readonly AskedReference[]> {
  const settled = await Promise.allSettled(read);
  const unseen = settled.flatMap((one) => (one.status === 'fulfilled' && isUnseen(one.value) ? [one.value] : []));
  if (unseen.length === 0) return [];
  const references = unseen.map(({ image }) => `oci:${image}`);
  const asked = await requestLooks(parts, caller, references).catch((err: unknown) => {
    parts.log.warn({ err }, 'a review is answered, and nobody could be asked to look');
    return [];
  });
  if (asked.length > 0) parts.observing.wake();
  return asked;
}

function isUnseen({ verdict }: ReadImage): boolean {
  if (verdict?.source === undefined || verdict.outcome !== 'unknown') return false;
  return verdict.reasons.some(({ code }) => code === 'artifact.unseen');
}

async function settle(
  parts: AdmissionParts,
  { caller, environment, budgetMs }: Admission,
  {
    read,
    asked,
  }: { readonly read: Promise<ReadImage>; readonly asked: Promise<readonly AskedReference[]> | undefined },
): Promise<Admitted> {
  const { image, reference, verdict } = await read;
  if (!reference || !verdict) return unreadable(image);
  if (!asked || !isUnseen({ image, reference, verdict })) return describe(image, verdict);
  const own = (await asked).find((one) => one.reference === `oci:${image}`);
  // Too much is asked for already: it stays unknown.
  if (!own) return describe(image, verdict);
  await awaitLook(parts.database.query, own, budgetMs);
  return describe(image, await readVerdict(parts, { organisationId: caller.organisationId, reference, environment }));
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

function unreadable(image: string): Admitted {
  return { image, outcome: 'deny', why: 'it is no reference of an image' };
}

function describe(image: string, { outcome, reasons }: Pick<GateVerdict, 'outcome' | 'reasons'>): Admitted {
  const told = reasons.filter(({ effect }) => effect !== 'ok').map(({ code, text }) => `${code}, ${text}`);
  return { image, outcome, why: told.join('; ') };
}
