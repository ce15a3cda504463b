/** The thread that checks and makes signatures, many at a time. */
import { parentPort } from 'node:worker_threads';
import { checkSignature, unpackChecks } from './check.ts';
import { packResult, unpackSignings } from './packed-signings.ts';
import { signTogether } from './signing.ts';
import type { Answer, Question } from './thread.ts';

parentPort?.on('message', async (question: Question) => {
  const answer: Answer = { id: question.id, results: await work(question) };
  parentPort?.postMessage(answer);
});

async function work(question: Question): Promise<readonly unknown[]> {
  if (question.kind === 'check') return unpackChecks(question.packed).map(checkSignature);
  const results = await signTogether(unpackSignings(question.packed, question.count));
  return results.map(packResult);
}
