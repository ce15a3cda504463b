/** The load under which the server is killed: uploads, activations and key rotations, all at once, until it is gone. */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListedKey, OfflineRoot } from '../programs/offline-root.ts';
import { CallError, type Operator } from '../programs/operator.ts';
import { activateRelease, createSigningKey, importList, uploadRelease } from '../programs/publisher.ts';
import type { History, SentRelease } from './history.ts';

/** What the load is put on, over all restarts. */
export interface Load {
  readonly history: History;
  readonly root: OfflineRoot;
  readonly projects: readonly string[];
  /** The keys of the last acknowledged list, newest last. */
  keys: readonly ListedKey[];
  /** Numbers the versions. */
  sent: number;
}

/** The most keys that a list carries: releases signed by an older one have long been replaced. */
const maxKeys = 20;

/** Works until the server stops answering. Resolves then; an answer that should not be is noted in the history. */
export async function putLoad(load: Load, operator: Operator): Promise<void> {
  const workers = [
    ...load.projects.map((project) => () => publishNext(load, operator, project)),
    () => rotateKey(load, operator),
  ];
  await Promise.all(workers.map((work) => repeatUntilGone(load.history, work)));
}

async function repeatUntilGone(history: History, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof CallError)) return;
      // The vault is opened while the server already answers.
      if (error.status >= 500 || error.problem?.code === 'vault_locked') await delay(20);
      else history.surprises.push(error.message);
    }
  }
}

/** Sends one file; four of five become the active release, the others stay drafts. */
export async function publishNext(load: Load, operator: Operator, project: string): Promise<void> {
  load.sent += 1;
  const version = `1.0.${load.sent}`;
  // The text keeps the noise from beginning like a file of some other type.
  const bytes = Buffer.concat([Buffer.from('noise:'), randomBytes(randomInt(1, 1_000_000))]);
  const release: SentRelease = {
    project,
    version,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    state: 'sent',
    counter: 0,
  };
  load.history.releases.push(release);
  await uploadRelease(operator, { project, version, name: 'app.bin', bytes });
  release.state = 'draft';
  if (load.sent % 5 === 0) return;
  const { counter } = await activateRelease(operator, project, version);
  release.state = 'active';
  release.counter = counter;
}

/** Makes a key, has the root list it, and brings it into force. */
async function rotateKey(load: Load, operator: Operator): Promise<void> {
  const key = await createSigningKey(operator);
  const keys = [...load.keys, key].slice(-maxKeys);
  const { version, envelope } = await load.root.signNextList({ valid: keys });
  await importList(operator, envelope);
  load.history.trustVersion = version;
  load.keys = keys;
  await operator.call('POST', `/api/signing-keys/${key.key_id}/activate`);
  load.history.rotations += 1;
}
