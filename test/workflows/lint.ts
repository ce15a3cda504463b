/** Holds workflow files of GitHub Actions to what ours promise: fixed actions, least rights, no text of strangers in scripts. */
import { parseDocument } from 'yaml';

type Fields = { readonly [name: string]: unknown };

/** Events at which a stranger's text or code meets the rights of the repository. */
const refusedEvents = ['pull_request_target', 'workflow_run', 'issue_comment', 'issues', 'discussion'];

/** What is wrong with a workflow, a line each; none when all is well. */
export function lintWorkflow(text: string): string[] {
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) return document.errors.map(({ message }) => `no YAML: ${message}`);
  const workflow = fieldsOf(document.toJS());
  const jobs = Object.entries(fieldsOf(workflow.jobs));
  return [
    ...lintEvents(workflow),
    ...lintTopPermissions(workflow),
    ...(jobs.length === 0 ? ['expected jobs'] : []),
    ...jobs.flatMap(([name, job]) => lintJob(name, fieldsOf(job))),
    ...lintPins(text),
  ];
}

function lintEvents({ on }: Fields): string[] {
  const events = typeof on === 'string' ? [on] : Array.isArray(on) ? on.map(String) : Object.keys(fieldsOf(on));
  if (events.length === 0) return ['expected events under "on"'];
  return events.filter((event) => refusedEvents.includes(event)).map((event) => `event ${event} is not for us`);
}

function lintTopPermissions({ permissions }: Fields): string[] {
  if (typeof permissions !== 'object' || permissions === null) return ['expected top-level permissions: {}'];
  const wide = Object.entries(permissions).filter(([, right]) => right !== 'read' && right !== 'none');
  return wide.map(([name, right]) => `top-level permission ${name}: ${right}`);
}

function lintJob(name: string, job: Fields): string[] {
  const steps = Array.isArray(job.steps) ? job.steps.map(fieldsOf) : [];
  const runner = String(job['runs-on'] ?? '');
  return [
    ...(typeof job.permissions === 'object' && job.permissions !== null ? [] : ['expected permissions of its own']),
    ...(typeof job['timeout-minutes'] === 'number' ? [] : ['expected timeout-minutes']),
    ...(job.uses === undefined && !/^[a-z]+-\d[\d.]*$/.test(runner) ? [`runner ${runner} is not of one version`] : []),
    ...(job.secrets === undefined ? [] : ['hands secrets on']),
    ...lintImages(job),
    ...lintAction(job.uses),
    ...steps.flatMap(lintStep),
  ].map((problem) => `${name}: ${problem}`);
}

function lintImages({ container, services }: Fields): string[] {
  const images = [container, ...Object.values(fieldsOf(services))]
    .filter((place) => place !== undefined)
    .map((place) => (typeof place === 'string' ? place : String(fieldsOf(place).image)));
  return images.filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image)).map((image) => `image ${image} is not pinned`);
}

function lintStep(step: Fields): string[] {
  const scripts = [step.run, fieldsOf(step.with).script].filter((script) => typeof script === 'string');
  // What an expression becomes is program text by then: it goes through the environment.
  const injected = scripts.some((script) => script.includes('${{'));
  const isCheckout = typeof step.uses === 'string' && step.uses.startsWith('actions/checkout@');
  const keeps = isCheckout && fieldsOf(step.with)['persist-credentials'] !== false;
  return [
    ...lintAction(step.uses),
    ...(injected ? ['an expression inside of a script'] : []),
    ...(keeps ? ['a checkout that keeps its credentials'] : []),
  ];
}

function lintAction(uses: unknown): string[] {
  if (uses === undefined) return [];
  const isPinned =
    /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/.test(String(uses)) || /^docker:\/\/\S+@sha256:[0-9a-f]{64}$/.test(String(uses));
  return isPinned ? [] : [`${uses} is not pinned by the whole digest of a commit`];
}

/** A digest alone tells nobody which version it is; secrets are what trusted publishing is there to do without. */
function lintPins(text: string): string[] {
  const lines = text.split('\n');
  const unnamed = lines.filter((line) => /^\s*(?:- )?uses:/.test(line) && !/ # v\d+\.\d+\.\d+$/.test(line));
  return [
    ...unnamed.map((line) => `expected the version behind ${line.trim()}`),
    ...(/\bsecrets\s*[.[]/.test(text) ? ['a stored secret'] : []),
  ];
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
