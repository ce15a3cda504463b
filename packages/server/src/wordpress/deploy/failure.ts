/** Why deploys fail, each with what to do. The rules are API. */
import { Refusal } from '../../errors.ts';
import { SvnFailure, type SvnFailureKind } from '../svn/failure.ts';
import type { DeployFailure } from './deploy.ts';

const again = 'deploy again: signpost wordpress deploy SLUG VERSION';

const hints = {
  'svn-missing': 'install Subversion on the server',
  'repository-unreachable': `see whether the repository answers, then ${again}`,
  'repository-redirects': 'name the address that it answers at: signpost wordpress credentials set --repository URL',
  'repository-certificate': 'the operator names the authority that made it: SIGNPOST_WORDPRESS_CA on the server',
  'repository-layout': 'expected trunk and tags at the top of the repository: see its address',
  'repository-too-large':
    'trunk holds more than MAX_UNCOMPRESSED_MB, or more than the repository listed: raise it, or remove from trunk what does not belong there',
  'credentials-refused': 'signpost wordpress credentials set, with a user who may commit',
  'tag-exists': 'a version is deployed once: release the change under a new version',
  'tag-altered':
    'somebody else who may commit made or changed that tag: look at it, and release the change under a new version',
  'batch-changed': 'look at what is staged now: signpost wordpress assets diff SLUG',
  'nothing-changes': 'stage other pictures: signpost wordpress assets add',
  'trunk-moved': `somebody committed meanwhile: look at what changed, then ${again}`,
  'repository-refused': 'a rule of the repository says no: its words are in the message',
  'too-many-changes': 'deploy a plugin of fewer files',
  'release-state': 'activate the release again, or deploy another one',
  'server-ended': 'the server ended each time: its log says why',
  'deploy-failed': 'the log of the server says more',
} as const;

/** The name of a reason. */
export type DeployRule = keyof typeof hints;

/** The failure of that name. */
export function createFailure(rule: DeployRule, message: string): DeployFailure {
  return { rule, message, hint: hints[rule] };
}

const rules: Readonly<Record<SvnFailureKind, DeployRule>> = {
  'program-missing': 'svn-missing',
  'time-limit': 'repository-unreachable',
  'output-limit': 'repository-too-large',
  'too-large': 'repository-too-large',
  redirected: 'repository-redirects',
  'certificate-refused': 'repository-certificate',
  unreachable: 'repository-unreachable',
  'not-found': 'repository-layout',
  'credentials-refused': 'credentials-refused',
  'out-of-date': 'trunk-moved',
  'hook-refused': 'repository-refused',
  other: 'deploy-failed',
};

/** What is told of an error; details of the machine stay in the log. */
export function describeFailure(error: unknown): DeployFailure {
  if (error instanceof SvnFailure) return createFailure(rules[error.kind], error.message);
  if (error instanceof DeployStop) return error.failure;
  if (error instanceof Refusal) {
    const hint = error.hint ?? hints['deploy-failed'];
    return { rule: error.rule ?? error.code.replaceAll('_', '-'), message: error.message, hint };
  }
  return createFailure('deploy-failed', 'the server could not do its part');
}

/** Ends a deploy for a reason that was found. */
export class DeployStop extends Error {
  override readonly name = 'DeployStop';
  readonly failure: DeployFailure;

  constructor(rule: DeployRule, message: string) {
    super(message);
    this.failure = createFailure(rule, message);
  }
}
