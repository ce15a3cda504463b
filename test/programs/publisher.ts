/** Publishing as a script does it: keys, trust lists, uploads and activations over HTTP. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ListedKey, OfflineRoot } from './offline-root.ts';
import type { Answer, Operator } from './operator.ts';

/** Pins `root` on the server and brings its first signing key into force. */
export async function pinRoot(operator: Operator, root: OfflineRoot): Promise<ListedKey> {
  await operator.call('POST', '/api/trust/roots', { root_keys: [root.pubkeyB64], threshold: 1 });
  const key = await createSigningKey(operator);
  const { active, waiting } = await operator.call('GET', '/api/push/identity');
  await importList(operator, (await root.signNextList({ valid: [key], push: [active ?? waiting] })).envelope);
  await operator.call('POST', `/api/signing-keys/${key.key_id}/activate`);
  return key;
}

/** A new signing key of the server, not yet in any list. */
export function createSigningKey(operator: Operator): Promise<ListedKey> {
  return operator.call('POST', '/api/signing-keys', { scope: '*', label: 'test' });
}

/** Hands a signed list to the server. */
export function importList(operator: Operator, envelope: string): Promise<Answer> {
  return operator.call('POST', '/api/trust/import', JSON.parse(envelope));
}

/** A project that takes any type of file. */
export function createProject(operator: Operator, slug: string): Promise<Answer> {
  return operator.call('POST', '/api/projects', { slug, name: slug, accepted_types: ['any'] });
}

/** A file to be released. */
export interface ReleaseFile {
  readonly project: string;
  readonly version: string;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly platform?: string;
}

/** Uploads a file and waits until it was inspected. Throws with the rule when it is refused. */
export async function uploadRelease(
  operator: Operator,
  { project, version, name, bytes, platform }: ReleaseFile,
): Promise<Answer> {
  const uploads = `/api/projects/${project}/uploads`;
  const { id } = await operator.call('POST', uploads, { version, name, platform, size_bytes: bytes.length });
  await operator.call('PUT', `${uploads}/${id}?offset=0`, bytes);
  return waitForInspection(operator, `${uploads}/${id}`);
}

/** Waits until the upload at `path` became part of a release. Throws with the rule when it is refused. */
export async function waitForInspection(operator: Operator, path: string): Promise<Answer> {
  for (;;) {
    const upload = await operator.call('GET', path);
    if (upload.refusal) throw new Error(`refused by ${upload.refusal.rule}: ${upload.refusal.message}`);
    if (upload.release) return upload;
    await delay(10);
  }
}

/** Makes a release the one that clients get. */
export function activateRelease(operator: Operator, project: string, version: string): Promise<Answer> {
  return operator.call('POST', `/api/projects/${project}/releases/${version}/activate`);
}
