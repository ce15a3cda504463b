/** The thread that checks and makes signatures, many at a time. */
import { parentPort } from 'node:worker_threads';
import { checkSignature, unpackChecks } from './check.ts';
import { signHere, unpackSignings } from './signing.ts';
import type { Answer, Question } from './thread.ts';

parentPort?.on('message', async (question: Question) => {
  const answer: Answer = { id: question.id, results: await work(question) };
  parentPort?.postMessage(answer);
});

async function work({ kind, packed }: Question): Promise<readonly unknown[]> {
  if (kind === 'check') return unpackChecks(packed).map(checkSignature);
  return Promise.all(unpackSignings(packed).map(signHere));
}
