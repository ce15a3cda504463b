/** What a verified token says of the build that it was given to. */
import { interpretOptionalText, interpretText } from '@signpost/protocol/intoto/members';
import type { JsonObject } from '@signpost/protocol/json/foreign';
import { Refusal } from '../../errors.ts';
import { type ClaimShape, claimShapes, findOrigin, type Platform } from './claim-shapes.ts';

/** The claims, under the same names whatever the platform. Stored with what was uploaded by them. */
export interface BuildClaims {
  readonly platform: Platform;
  readonly issuer: string;
  readonly subject: string;
  readonly repositoryId: string;
  /** `owner/name`, or a longer path. */
  readonly repository: string;
  /** The address of the repository. */
  readonly repositoryUri: string;
  /** Path of the workflow inside of the repository. */
  readonly workflow: string;
  /** The whole ref. */
  readonly ref: string;
  readonly commit: string;
  readonly environment: string | undefined;
  /** Address of the run. */
  readonly runUri: string;
  /** `github-hosted`, `self-hosted` and the like. */
  readonly runner: string | undefined;
  readonly trigger: string | undefined;
  readonly actor: string | undefined;
  readonly actorId: string | undefined;
}

/**
 * Reads the claims of a build. Throws TrustError for what is missing or no text, and `unauthenticated`, rule `token-workflow`, when the
 * workflow is not one of that repository at that ref, or the job stands in another one.
 */
export function interpretClaims(payload: JsonObject, platform: Platform): BuildClaims {
  const shape = claimShapes[platform];
  const issuer = interpretText(payload, 'iss');
  const origin = findOrigin(platform, issuer);
  const repository = interpretText(payload, shape.repository);
  const ref = interpretText(payload, shape.ref);
  const run = interpretNumber(payload, shape.run);
  return {
    ...{ platform, issuer, subject: interpretText(payload, 'sub') },
    ...{ repositoryId: interpretNumber(payload, shape.repositoryId), repository },
    ...{ repositoryUri: `${origin}/${repository}`, ref, commit: interpretCommit(payload, shape.commit) },
    workflow: readWorkflow(payload, shape, { origin, repository, ref }),
    environment: interpretOptionalText(payload, shape.environment),
    runUri: `${origin}/${repository}${shape.runPath(run, interpretOptionalText(payload, shape.attempt))}`,
    runner: interpretOptionalText(payload, shape.runner),
    trigger: interpretOptionalText(payload, shape.trigger),
    actor: interpretOptionalText(payload, shape.actor),
    actorId: interpretOptionalText(payload, shape.actorId),
  };
}

/** The platforms write their numbers as text. */
function interpretNumber(payload: JsonObject, name: string): string {
  const text = interpretText(payload, name);
  if (/^[1-9]\d{0,19}$/.test(text)) return text;
  throw refuse('token-claims', `expected ${name} to be a number, got other text`);
}

function interpretCommit(payload: JsonObject, name: string): string {
  const text = interpretText(payload, name);
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) return text;
  throw refuse('token-claims', `expected ${name} to be the object name of a commit, got other text`);
}

/** What stands between the repository and the ref of the same token: neither can be another's. */
function readWorkflow(
  payload: JsonObject,
  { workflow: { claim, separator, withHost }, jobWorkflow }: ClaimShape,
  { origin, repository, ref }: { origin: string; repository: string; ref: string },
): string {
  const text = interpretText(payload, claim);
  const head = `${withHost ? `${new URL(origin).host}/` : ''}${repository}${separator}`;
  const tail = `@${ref}`;
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length <= head.length + tail.length) {
    throw refuse('token-workflow', `expected ${claim} to be ${head}PATH${tail}, got ${text.slice(0, 300)}`);
  }
  const job = jobWorkflow === undefined ? undefined : interpretOptionalText(payload, jobWorkflow);
  if (job !== undefined && job !== text) {
    throw refuse('token-workflow', `expected the job to stand in ${text.slice(0, 300)}, got ${job.slice(0, 300)}`);
  }
  return text.slice(head.length, text.length - tail.length);
}

function refuse(rule: string, message: string): Refusal {
  return new Refusal('unauthenticated', message, { rule });
}
