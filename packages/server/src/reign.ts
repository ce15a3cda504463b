/** Which generation answers, and how a restored one takes the place of the one before. */
import { systemActor } from './audit/audit.ts';
import { recordAudit } from './audit/store.ts';
import type { PreparedRestore } from './backup/restore.ts';
import { findDefaultOrganisation } from './backup/store.ts';
import { Refusal } from './errors.ts';
import { type Generation, openGeneration, type Process } from './generation.ts';
import { createFront, type Front } from './http/front.ts';
import type { VaultInheritance } from './vault/vault.ts';

/** Opens the restored database that nobody has confirmed: takes it for good when it answers, otherwise the old one. Neither has begun. */
export async function openOnTrial(process: Process): Promise<Generation> {
  const { generation, failure } = await tryGeneration(process, undefined);
  if (failure) {
    process.log.error({ err: failure }, 'the restored state did not answer: the old one is in force again');
    await recordRollback(generation, process.now());
  }
  return generation;
}

/** Long enough that listeners do not all come back in the same moment. */
const letGoMs = 2000;

/** The generation in force. One for the process. */
export class Reign {
  readonly front: Front;
  readonly #process: Process;
  #current: Generation;
  #exchange: Promise<void> = Promise.resolve();

  constructor(process: Process, first: Generation) {
    this.#process = process;
    this.#current = first;
    this.front = createFront(first.behind, process.log);
    this.front.open(first.behind);
  }

  /** The database in force and its vault. */
  get current(): Pick<Generation, 'database' | 'vault'> {
    return this.#current;
  }

  /**
   * Lets running requests end, closes what is in force, places the restored state and opens it. When that does not
   * answer, the old state is back; throws `unavailable`, rule `restore-rolled-back`, then.
   */
  async replace(prepared: PreparedRestore): Promise<void> {
    const exchange = this.#replace(prepared);
    this.#exchange = exchange.catch(() => undefined);
    return exchange;
  }

  /** Lets those go who listen to the generation in force; they are not let in again. */
  async letGo(): Promise<void> {
    await this.#exchange;
    await this.#current.letGo(letGoMs);
  }

  /** Ends what is in force, after an exchange that is under way. */
  async close(): Promise<void> {
    await this.#exchange;
    await this.#current.close();
  }

  async #replace(prepared: PreparedRestore): Promise<void> {
    const { log } = this.#process;
    // A database too damaged to be read leaves nothing, and is what restores are for.
    const inheritance = await this.#current.vault.bequeath().catch((err: unknown) => {
      log.warn({ err }, 'the vault of the old state cannot be read: the restored one waits to be unlocked');
      return undefined;
    });
    this.front.close();
    await this.#current.letGo(letGoMs);
    // The request that asks for this stays until the end.
    await this.front.drain(1);
    // Without it the restored state would sign a second history of what was logged since.
    const unlogged = await prepared.takeLogAlong().catch((error: unknown) => ({ error }));
    await this.#current.close().catch((err: unknown) => log.error({ err }, 'the old state did not close cleanly'));
    const { generation, failure } = await this.#place(prepared, { inheritance, unlogged: unlogged ?? undefined });
    this.#current = generation;
    await generation.begin();
    this.front.open(generation.behind);
    if (!failure) return log.info({ made_at: prepared.manifest.made_at }, 'the restored state answers');
    log.error({ err: failure }, 'the restored state did not answer: the old one is in force again');
    await recordRollback(generation, this.#process.now());
    throw new Refusal(
      'unavailable',
      `the restored state did not answer, the old one is in force: ${wordsOf(failure)}`,
      {
        rule: 'restore-rolled-back',
        hint: 'the log of the server tells more; signpost backup drill tries a backup out beside the server',
        cause: failure,
      },
    );
  }

  async #place(
    prepared: PreparedRestore,
    { inheritance, unlogged }: { inheritance: VaultInheritance | undefined; unlogged: { error: unknown } | undefined },
  ): Promise<Trial> {
    try {
      if (unlogged) throw unlogged.error;
      await prepared.place();
    } catch (failure) {
      // Whatever it had begun is brought to the old state or to the new one.
      if ((await this.#process.swap.recover()) === 'trial') return tryGeneration(this.#process, inheritance);
      return { generation: await openGeneration(this.#process, inheritance), failure };
    }
    return tryGeneration(this.#process, inheritance);
  }
}

/** What answers now, and why it is not the restored state, if it is not. */
interface Trial {
  readonly generation: Generation;
  readonly failure: unknown;
}

async function tryGeneration(process: Process, inheritance: VaultInheritance | undefined): Promise<Trial> {
  let opened: Generation | undefined;
  try {
    opened = await openGeneration(process, inheritance);
    await assertHealthy(opened);
    await process.swap.confirm();
    return { generation: opened, failure: undefined };
  } catch (failure) {
    await opened
      ?.close()
      .catch((err: unknown) => process.log.error({ err }, 'the restored state did not close cleanly'));
    await process.swap.undo();
    return { generation: await openGeneration(process, inheritance), failure };
  }
}

/** Asks as a load balancer would. */
async function assertHealthy({ behind }: Generation): Promise<void> {
  const answer = await behind.fetch(new Request('http://localhost/healthz'), {} as never);
  if (answer instanceof Response && answer.status === 200) return;
  throw new Error('expected the restored state to be healthy');
}

async function recordRollback({ database }: Generation, now: number): Promise<void> {
  await database.transaction(async (transaction) =>
    recordAudit(transaction, now, {
      organisationId: await findDefaultOrganisation(transaction),
      ...{ actor: systemActor, action: 'restore.refused', outcome: 'refused' },
      object: { kind: 'backup', id: 'restored' },
      detail: { rule: 'restore-rolled-back' },
    }),
  );
}

/** Only refusals are written for whoever asked. */
function wordsOf(failure: unknown): string {
  return failure instanceof Refusal ? failure.message : 'its log tells why';
}
