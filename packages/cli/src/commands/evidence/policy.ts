/** `signpost policy …`: what evidence the releases of a project must have. */
import { readFile } from 'node:fs/promises';
import { type CommandSpec, readArgument } from '../../command.ts';
import { cellOf, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerTable } from '../answers.ts';
import { projectOption, projectPath } from './paths.ts';

/** `signpost policy set`. */
export const policySet: CommandSpec = {
  words: 'policy set',
  arguments: '<file>',
  summary: 'Put a policy in force: what evidence a release must have to go into service',
  details: [
    'The file is YAML or JSON, as docs/protocol/policy.md has it. Try it first: `signpost policy test`. With `mode: observe` it is recorded and shown what would be refused, and nothing is stopped.',
  ],
  options: [projectOption],
  examples: ['signpost policy set policy.yaml --project my-app'],
  run: async (invocation) => {
    const text = await readPolicyFile(readArgument(invocation, 0));
    const client = await connectAuthenticated(invocation);
    const document = await client.request('PUT', `${projectPath(invocation)}/policy`, { body: { text } });
    const line = `Version ${cellOf(document, 'version')} of the policy is in force (${cellOf(document, 'mode')}).`;
    return { document, lines: [line] };
  },
};

/** `signpost policy show`. */
export const policyShow: CommandSpec = {
  words: 'policy show',
  summary: 'Print the policy in force',
  options: [projectOption],
  examples: ['signpost policy show --project my-app > policy.yaml'],
  run: async (invocation) => {
    const document = await (await connectAuthenticated(invocation)).read(`${projectPath(invocation)}/policy`);
    return { document, lines: textOf(document, 'text').replace(/\n$/, '').split('\n') };
  },
};

/** `signpost policy history`. */
export const policyHistory: CommandSpec = {
  words: 'policy history',
  summary: 'List the policies that a project had',
  options: [projectOption],
  examples: ['signpost policy history --project my-app'],
  run: async (invocation) => {
    const document = await (await connectAuthenticated(invocation)).read(`${projectPath(invocation)}/policy/versions`);
    return answerTable(document, 'versions', ['version', 'sha256', 'created_at']);
  },
};

/** `signpost policy remove`. */
export const policyRemove: CommandSpec = {
  words: 'policy remove',
  summary: 'Take the policy of a project away; its releases then need no evidence',
  options: [projectOption],
  examples: ['signpost policy remove --project my-app'],
  run: async (invocation): Promise<Answer> => {
    const project = invocation.options.requiredText('project');
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Take the policy of ${project} away?`);
    await client.request('DELETE', `${projectPath(invocation)}/policy`);
    return { document: { project, policy: null }, lines: [`${project} has no policy any more.`] };
  },
};

/** The text of a policy file. Throws Failure when it cannot be read. */
async function readPolicyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Failure('refused', `${path} cannot be read`, { cause });
  }
}
