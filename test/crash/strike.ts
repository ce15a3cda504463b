/** One life of a server that clients work with, and its end at a random moment. */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createOperator, type Operator } from '../programs/operator.ts';
import { type Installation, startServer } from '../programs/server.ts';

/** Whom the server belongs to, and who asks it. */
interface Besieged {
  readonly installation: Installation;
  readonly headers: Operator['headers'];
}

/** What clients do until nobody answers, and whether one of them has had an answer in this life. */
interface Work {
  readonly begin: (operator: Operator) => readonly Promise<void>[];
  readonly isAnswered: () => boolean;
}

/** After the first answer, in milliseconds. */
const maxLifeMs = 700;
const firstAnswerMs = 120_000;

/** Starts the server, lets clients work, kills it while they do, and waits until they all have noticed. */
export async function strike({ installation, headers }: Besieged, { begin, isAnswered }: Work): Promise<void> {
  const server = await startServer(installation);
  const work = begin(createOperator(server.base, headers));
  // The first answer of a new process takes longest; what matters happens after it.
  for (let waited = 0; !isAnswered() && waited < firstAnswerMs; waited += 20) await delay(20);
  await delay(randomInt(maxLifeMs));
  await server.kill();
  await Promise.all(work);
}
