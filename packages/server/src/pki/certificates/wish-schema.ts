/** What may be asked for over the API, parsed at the edge. */

import { attributeOids } from '@signpost/protocol/x509/oids';
import { z } from 'zod';
import { proofShape } from '../../http/proof-schema.ts';
import { lineSchema } from '../../http/text-schema.ts';
import { durationPattern, parseDuration } from '../profiles/duration.ts';
import { keyLabels } from '../profiles/key-label.ts';
import { parseNameText } from '../profiles/name-text.ts';
import { orderSubject } from '../profiles/subject.ts';
import type { IssueWish } from './issue.ts';
import { claimPemRequest } from './request.ts';

const lifetimeSchema = z
  .string()
  .regex(durationPattern, 'expected a duration such as 90d, 160h or 5m')
  .openapi({ example: '90d' });
const pemSchema = z.string().max(100_000).openapi({ description: 'PKCS#10 in PEM' });
const attributeNames = Object.keys(attributeOids) as (keyof typeof attributeOids)[];

/** A certificate to be issued: with `request` for the key that signed it, with `key` for one that the server makes and keeps. */
export const issueSchema = z
  .strictObject({
    authority: z.string().max(63),
    profile: z.string().max(40),
    request: pemSchema.optional(),
    key: z.enum(keyLabels).optional(),
    subject: z.partialRecord(z.enum(attributeNames), lineSchema(255)).optional(),
    names: z
      .array(z.string().max(1024))
      .max(100)
      .optional()
      .openapi({ example: ['dns:host.example', 'ip:10.0.0.1'] }),
    lifetime: lifetimeSchema.optional(),
    must_staple: z.boolean().optional(),
  })
  .refine(({ request, key }) => (request === undefined) !== (key === undefined), 'expected either request or key');

/** A certificate to be renewed. */
export const renewSchema = z
  .strictObject({
    key: z.enum(['same', 'new']).optional(),
    request: pemSchema.optional(),
    authority: z.string().max(63).optional(),
    lifetime: lifetimeSchema.optional(),
    revoke_old: z.boolean().default(false),
    ...proofShape,
  })
  .refine(({ request, key }) => (request === undefined) !== (key === undefined), 'expected either request or key');

/** What is to be issued. Throws `invalid` for names or a request that are none. */
export async function readIssueWish(body: z.infer<typeof issueSchema>): Promise<IssueWish> {
  const { authority, profile, request, key = 'ecdsa-p256', subject, names, lifetime, must_staple: mustStaple } = body;
  return {
    authority,
    profile,
    ...(request === undefined
      ? { source: 'form', key: { kind: 'server', label: key } }
      : { source: 'request', key: { kind: 'claimed', request: await claimPemRequest(request) } }),
    subject: subject && orderSubject(subject),
    names: names?.map(parseNameText),
    lifetimeMs: readLifetime(lifetime),
    mustStaple,
  };
}

/** Milliseconds of a lifetime, if there is one. */
export function readLifetime(lifetime: string | undefined): number | undefined {
  return lifetime === undefined ? undefined : parseDuration(lifetime);
}
