/** `signpost rescan`: every file again, with the newest signatures. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandSpec, Invocation } from '../../command.ts';
import { asObject, type JsonObject, numberOf, textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';

/** `signpost rescan`. */
export const rescan: CommandSpec = {
  words: 'rescan',
  summary: 'Scan every file again; a hit quarantines its release. Exits with 1 when there was one',
  options: [{ flags: '--no-wait', text: 'only ask for it' }],
  examples: ['signpost rescan', 'signpost rescan --no-wait --json'],
  run: scanAgain,
};

const pollMs = 500;

async function scanAgain(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const job = textOf(await client.request('POST', '/api/rescan'), 'job');
  if (!invocation.options.flag('wait')) return { document: { job }, lines: [`Job ${job} scans everything again.`] };
  const document = await awaitJob(invocation, client, job);
  const result = asObject(document.progress);
  const infected = numberOf(result, 'infected');
  const lines = [`${numberOf(result, 'scanned')} files scanned, ${infected} infected.`];
  return infected === 0
    ? { document, lines }
    : { document, lines: [...lines, 'Their releases are quarantined: signpost release list'], reason: 'refused' };
}

async function awaitJob({ progress }: Invocation, client: Client, id: string): Promise<JsonObject> {
  try {
    for (;;) {
      const job = await client.read(`/api/jobs/${encodeURIComponent(id)}`);
      if (job.state === 'done') return job;
      if (job.state === 'failed') {
        throw new Failure('refused', 'the rescan failed', {
          hint: 'signpost doctor tells whether the scanner answers',
        });
      }
      if (job.progress !== null) {
        const { scanned, total } = asObject(job.progress);
        progress.update('scanning', Number(scanned), Number(total), 'steps');
      }
      await sleep(pollMs);
    }
  } finally {
    progress.finish();
  }
}
