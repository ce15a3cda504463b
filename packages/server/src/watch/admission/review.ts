/** Reviews of Kubernetes' API server (admission.k8s.io/v1): which images an object brings in, and what is answered. */
import { z } from 'zod';
import { Refusal } from '../../errors.ts';

/** Containers of one object. More are refused: nobody runs as many. */
const maxImages = 200;
const maxImageLength = 1024;
const apiVersion = 'admission.k8s.io/v1';

const containersSchema = z.array(z.object({ image: z.string().max(maxImageLength).optional() })).optional();
/** Images whose files are mounted (Kubernetes 1.31, KEP-4639): what they hold is run as well. */
const volumesSchema = z
  .array(z.object({ image: z.object({ reference: z.string().max(maxImageLength).optional() }).nullish() }))
  .optional();
const podSchema = z.object({
  volumes: volumesSchema,
  containers: containersSchema,
  initContainers: containersSchema,
  ephemeralContainers: containersSchema,
});
const templateSchema = z.object({ spec: podSchema.optional() });
/** Pods, what makes pods, and what makes these. */
const objectSchema = z.object({
  spec: podSchema
    .extend({
      template: templateSchema.optional(),
      jobTemplate: z.object({ spec: z.object({ template: templateSchema.optional() }).optional() }).optional(),
    })
    .optional(),
});
const reviewSchema = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().min(1).max(256),
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
    dryRun: z.boolean().optional(),
    object: objectSchema.nullish(),
    oldObject: objectSchema.nullish(),
  }),
});

/** What is reviewed. */
export interface Review {
  readonly uid: string;
  readonly isDryRun: boolean;
  /** Those that were not there before, each once. */
  readonly images: readonly string[];
}

/** Parses a review. Throws `invalid`, rule `admission-review`: the API server then does what its failure policy says. */
export function parseReview(value: unknown): Review {
  const parsed = reviewSchema.safeParse(value);
  if (!parsed.success) {
    throw new Refusal('invalid', `expected an AdmissionReview of ${apiVersion}`, { rule: 'admission-review' });
  }
  const { uid, operation, dryRun, object, oldObject } = parsed.data.request;
  // What runs already is not stopped by a change of its labels.
  const before = new Set(operation === 'UPDATE' ? listImages(oldObject) : []);
  const isNew = operation === 'CREATE' || operation === 'UPDATE';
  const images = [...new Set(isNew ? listImages(object) : [])].filter((image) => !before.has(image));
  if (images.length > maxImages) {
    throw new Refusal('invalid', `expected at most ${maxImages} images`, { rule: 'admission-review' });
  }
  return { uid, isDryRun: dryRun === true, images };
}

function listImages(object: z.infer<typeof objectSchema> | null | undefined): readonly string[] {
  const { spec } = object ?? {};
  const pods = [spec, spec?.template?.spec, spec?.jobTemplate?.spec?.template?.spec];
  return pods.flatMap((pod) => [
    ...[pod?.initContainers, pod?.containers, pod?.ephemeralContainers].flatMap((containers = []) =>
      containers.flatMap(({ image }) => image ?? []),
    ),
    ...(pod?.volumes ?? []).flatMap(({ image }) => image?.reference || []),
  ]);
}

/** What is said of one image. */
export interface Admitted {
  readonly image: string;
  readonly outcome: 'ok' | 'warn' | 'deny' | 'unknown';
  readonly why: string;
}

/** The answer: nothing is changed, ever. */
export function describeReview({ uid }: Pick<Review, 'uid'>, admitted: readonly Admitted[]) {
  const isRefused = ({ outcome }: Admitted) => outcome === 'deny' || outcome === 'unknown';
  const refused = admitted.filter(isRefused);
  const warnings = admitted.filter(({ outcome }) => outcome === 'warn').map(describe);
  const isDenied = refused.some(({ outcome }) => outcome === 'deny');
  const status = {
    // What nobody knows yet may be known when it is tried again.
    ...(isDenied ? { code: 403, reason: 'Forbidden' } : { code: 503, reason: 'ServiceUnavailable' }),
    message: refused.slice(0, maxTold).map(describe).join('; '),
  };
  return {
    ...{ apiVersion, kind: 'AdmissionReview' as const },
    response: {
      ...{ uid, allowed: refused.length === 0, warnings: warnings.slice(0, maxTold) },
      ...(refused.length > 0 && { status }),
    },
  };
}

const maxTold = 10;
/** The API server cuts off longer warnings. */
const maxLength = 250;

/** On one line, without what would steer a terminal: strangers chose some of the words. */
function describe({ image, outcome, why }: Admitted): string {
  const text = `signpost: ${image}: ${outcome}: ${why}`;
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')
    .toWellFormed()
    .slice(0, maxLength);
}
