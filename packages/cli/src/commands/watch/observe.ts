/** `signpost watch observe`: whoever knows that something happened has the watch look at once. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';

const maxWaitSeconds = 60;

/** `signpost watch observe`. */
export const watchObserve: CommandSpec = {
  words: 'watch observe',
  arguments: '<reference>',
  summary: 'Have a source looked at now, such as by the build that has just published',
  details: [
    'What there is to see is found out by the watch itself; nothing that the command says is believed. It ends with 3 when the source did not answer or the time was over.',
  ],
  options: [
    { flags: '--wait <seconds>', text: `how long to wait for the look, ${maxWaitSeconds} at most`, fallback: '30' },
  ],
  examples: ['signpost watch observe ghcr.io/org/app:1.2.3', 'signpost watch observe npm:@scope/name --wait 0'],
  run: observe,
};

async function observe(invocation: Invocation): Promise<Answer> {
  const wait = Number(invocation.options.requiredText('wait'));
  if (!Number.isInteger(wait) || wait < 0 || wait > maxWaitSeconds) {
    throw new Failure('usage', `expected --wait from 0 to ${maxWaitSeconds} seconds`);
  }
  const body = { reference: readArgument(invocation, 0), wait_seconds: wait };
  const client = await connectAuthenticated(invocation);
  const document = await client.request('POST', '/api/watch/observe', { body });
  const [source, state] = [textOf(document, 'source'), textOf(document, 'state')];
  if (state === 'unanswered') {
    const lines = [`${source} could not be looked at: ${textOf(document, 'reason')}.`];
    return { document, lines, reason: 'unavailable' };
  }
  if (state === 'waiting' && wait > 0) {
    return {
      document,
      lines: [`${source} has not been looked at within ${wait} s; it will be.`],
      reason: 'unavailable',
    };
  }
  return { document, lines: [state === 'waiting' ? `${source} is looked at soon.` : `${source} was looked at.`] };
}
