/** The router that every plane's `routes.ts` starts from, and the shapes that its routes share. */
import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { ZodError, ZodType } from 'zod';
import { Refusal } from '../errors.ts';
import type { AppEnv } from './context.ts';

/** A router on which input that its schema refuses throws `Refusal('invalid')`, naming fields and never values. */
export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result: { target: string; success: boolean; error?: ZodError }) => {
      if (!result.success && result.error) throw refusalOf(result.target, result.error);
    },
  });
}

/**
 * The `body` of a route that takes JSON. It is always required: without that mark the router would let a request
 * without a content type pass unvalidated.
 */
export function jsonBody<Schema extends ZodType>(
  schema: Schema,
): { content: { 'application/json': { schema: Schema } }; required: true } {
  return { content: { 'application/json': { schema } }, required: true };
}

/** The `body` of a route that takes a file as it is: the route itself reads and judges it. */
export const fileBody = {
  content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
} as const;

/** One entry of `responses` that answers with JSON. */
export function jsonAnswer<Schema extends ZodType>(
  description: string,
  schema: Schema,
): { description: string; content: { 'application/json': { schema: Schema } } } {
  return { description, content: { 'application/json': { schema } } };
}

/** A moment on the wire. */
export const timeSchema = z.iso.datetime().openapi({ example: '2026-11-21T09:30:00.000Z' });

/** `at` (Unix milliseconds) as `timeSchema` has it, in UTC. */
export function formatTime(at: number): string {
  return new Date(at).toISOString();
}

function refusalOf(target: string, error: ZodError): Refusal {
  const problems = error.issues.slice(0, 5).map((issue) => {
    const field = issue.path.map(String).join('.');
    return field === '' ? issue.message : `${field}: ${issue.message}`;
  });
  return new Refusal('invalid', `${targetNames[target] ?? target}: ${problems.join('; ')}`, { rule: 'schema' });
}

const targetNames: Readonly<Record<string, string>> = {
  json: 'request body',
  query: 'query',
  param: 'path',
  header: 'header',
  cookie: 'cookie',
};
