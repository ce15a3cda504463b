/** `signpost status` and `doctor`. */
import type { CommandSpec, Invocation } from '../../command.ts';
import { objectsOf, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs } from '../answers.ts';

/** `signpost status`. */
export const status: CommandSpec = {
  words: 'status',
  summary: 'Show how the server is: version, vault, trust list, scanner, counts',
  examples: ['signpost status', 'signpost status --json'],
  run: async (invocation) => {
    const names = ['version', 'organisation', 'engine', 'vault', 'trust.version', 'trust.expires_at', 'trust.light'];
    const counts = ['scanner.state', 'scanner.version', 'scanner.signature_date', 'projects', 'releases', 'artifacts'];
    return answerPairs(await (await connectAuthenticated(invocation)).read('/api/status'), [...names, ...counts]);
  },
};

/** `signpost doctor`. */
export const doctor: CommandSpec = {
  words: 'doctor',
  summary: 'Tell what is misconfigured or about to run out, and how to mend it; exits with 1 when something is wrong',
  examples: ['signpost doctor', 'signpost doctor --json'],
  run: examine,
};

async function examine(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read('/api/doctor');
  const findings = objectsOf(document, 'findings');
  const lines = findings.flatMap((finding) => [
    `${textOf(finding, 'level')}: ${textOf(finding, 'message')}`,
    `  ${textOf(finding, 'hint')}`,
  ]);
  if (findings.some((finding) => finding.level === 'error')) return { document, lines, reason: 'refused' };
  const isWell = findings.every((finding) => finding.level === 'info');
  return { document, lines: isWell ? [...lines, 'Nothing to mend.'] : lines };
}
