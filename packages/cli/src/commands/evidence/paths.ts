/** Where the evidence of a release is on a server. */
import { type Invocation, type OptionSpec, readArgument } from '../../command.ts';

/** The option that names the project. */
export const projectOption: OptionSpec = { flags: '--project <slug>', text: 'the project', required: true };

/** The path of the project that the options name. */
export function projectPath({ options }: Pick<Invocation, 'options'>): string {
  return `/api/projects/${encodeURIComponent(options.requiredText('project'))}`;
}

/** The path of the release that the first argument names. */
export function releasePath(invocation: Invocation): string {
  return `${projectPath(invocation)}/releases/${encodeURIComponent(readArgument(invocation, 0))}`;
}
