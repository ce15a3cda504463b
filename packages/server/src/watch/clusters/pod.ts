/** Pods as the API of Kubernetes shows them (core/v1): which images run in them, under which names, and what the runtime says of each. */
import { z } from 'zod';
import type { WatchRunningTable } from '../../storage/tables/watch.ts';
import { parseImage } from '../sources/image.ts';
import { parseImageId, type RunningImage } from './image-id.ts';

/** Containers of one kind in one pod. With more it cannot be read. */
const maxContainers = 500;
/** Names of objects (RFC 1123), which nobody can make longer. */
const name = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/);
const image = z
  .string()
  .max(1024)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u);

const containersSchema = z
  .array(z.object({ name, image: image.optional() }))
  .max(maxContainers)
  .optional();
const statusesSchema = z
  .array(z.object({ name, imageID: image.optional() }))
  .max(maxContainers)
  .optional();
const volumesSchema = z
  .array(z.object({ name, image: z.object({ reference: image.optional() }).nullish() }))
  .max(maxContainers)
  .optional();

const podSchema = z.object({
  metadata: z.object({
    ...{ name, namespace: name, uid: z.string().min(1).max(128) },
    labels: z.record(z.string(), z.string().max(253)).nullish(),
    ownerReferences: z
      .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() }))
      .nullish(),
  }),
  spec: z.object({
    ...{ containers: containersSchema, initContainers: containersSchema, ephemeralContainers: containersSchema },
    volumes: volumesSchema,
  }),
  status: z
    .object({
      phase: z.string().max(32).optional(),
      ...{ containerStatuses: statusesSchema, initContainerStatuses: statusesSchema },
      ephemeralContainerStatuses: statusesSchema,
    })
    .optional(),
});

/** One container of a pod, as it is kept. */
export interface RunningContainer
  extends Pick<WatchRunningTable, 'namespace' | 'workload' | 'container' | 'reference' | 'digest' | 'state'> {
  /** The key of its source: where the runtime has it from, else where the pod says. Undefined: the reference is none. */
  readonly key: string | undefined;
}

/** A pod. One that has ended holds nothing. */
export interface RunningPod {
  readonly uid: string;
  readonly containers: readonly RunningContainer[];
  /** It says what cannot be kept, such as an image whose name is too long: whoever may start pods must not make the others unseen. */
  readonly isUnread?: true;
}

/** About what a pod takes in memory, in bytes. */
export function measurePod({ uid, containers }: RunningPod): number {
  return containers.reduce((sum, { namespace, workload, container, reference, digest, key = '' }) => {
    return sum + 200 + [namespace, workload, container, reference, digest, key].join('').length;
  }, 200 + uid.length);
}

const anyPodSchema = z.object({ metadata: z.object({ uid: z.string().min(1).max(128) }) });

/** Parses a pod. `undefined`: it is none. */
export function parsePod(value: unknown): RunningPod | undefined {
  const parsed = podSchema.safeParse(value);
  if (!parsed.success) {
    const { data } = anyPodSchema.safeParse(value);
    return data && { uid: data.metadata.uid, containers: [], isUnread: true };
  }
  const { metadata, spec, status = {} } = parsed.data;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return { uid: metadata.uid, containers: [] };
  const told = new Map(
    [status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses].flatMap((list = []) =>
      list.map((one) => [one.name, one.imageID ?? ''] as const),
    ),
  );
  const place = { namespace: metadata.namespace, workload: nameWorkload(metadata) };
  const run = [spec.initContainers, spec.containers, spec.ephemeralContainers].flatMap((list = []) =>
    list.flatMap((one) =>
      describe({ ...place, container: one.name }, one.image, parseImageId(told.get(one.name) ?? '')),
    ),
  );
  // Of what is mounted (KEP-4639) a cluster tells no digest.
  const mounted = (spec.volumes ?? []).flatMap((volume) =>
    describe({ ...place, container: `volume ${volume.name}` }, volume.image?.reference, { kind: 'untold' }),
  );
  return { uid: metadata.uid, containers: [...run, ...mounted] };
}

function describe(
  place: Pick<RunningContainer, 'namespace' | 'workload' | 'container'>,
  reference: string | undefined,
  running: RunningImage,
): readonly RunningContainer[] {
  if (reference === undefined || reference === '') return [];
  const repository = running.kind === 'known' ? running.repository : parseImage(reference)?.name;
  const key = repository === undefined ? undefined : `oci:${repository}`;
  return [{ ...place, reference, digest: running.kind === 'known' ? running.digest : '', state: running.kind, key }];
}

type Metadata = z.infer<typeof podSchema>['metadata'];

/** What somebody deployed: pods of a deployment belong to a replica set, and those of a schedule to a job, whose names change all the time. */
function nameWorkload({ name: podName, labels, ownerReferences }: Metadata): string {
  const owner = ownerReferences?.find(({ controller }) => controller);
  // Pods of a node's own files belong to the node, whose name says nothing of them; and anybody writes anything there.
  if (!owner || owner.kind === 'Node' || !isPlain(owner)) return `Pod/${podName}`;
  const suffix = `-${labels?.['pod-template-hash']}`;
  if (owner.kind === 'ReplicaSet' && owner.name.endsWith(suffix)) {
    return `Deployment/${owner.name.slice(0, -suffix.length)}`;
  }
  const scheduled = owner.kind === 'Job' ? /^(.+)-\d{8}$/.exec(owner.name)?.[1] : undefined;
  return scheduled === undefined ? `${owner.kind}/${owner.name}` : `CronJob/${scheduled}`;
}

function isPlain(owner: { readonly kind: string; readonly name: string }): boolean {
  return /^[A-Za-z][A-Za-z0-9]{0,62}$/.test(owner.kind) && name.safeParse(owner.name).success;
}
