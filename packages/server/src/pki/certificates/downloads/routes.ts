/** HTTP of files: certificates for all members, keys for admins who prove again who they are. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { confirmPerson, type StepUpParts } from '../../../accounts/step-up.ts';
import { type AppEnv, callerOf } from '../../../http/context.ts';
import { hasProof, proofExpected, proofShape, readProof } from '../../../http/proof-schema.ts';
import { createRouter, jsonAnswer, jsonBody } from '../../../http/router.ts';
import { certificateFormats, createCertificateFile, type DownloadedFile } from './certificate-file.ts';
import { attachment } from './file-name.ts';
import {
  exportPkcs12,
  exportPrivateKey,
  type KeyParts,
  requireCertificate,
  showPkcs12Password,
} from './private-key.ts';

const paramsSchema = z.object({ id: z.uuid() });
const passphraseSchema = z.string().min(12, 'expected a passphrase of 12 characters or more').max(1024);
const fileSchema = z.string().openapi({ format: 'binary' });

const downloadRoute = createRoute({
  method: 'get',
  path: '/api/certificates/{id}/download',
  tags: ['certificates'],
  summary: 'A certificate as a file',
  request: { params: paramsSchema, query: z.object({ format: z.enum(certificateFormats).default('pem') }) },
  responses: {
    200: {
      description: 'The certificate, with the ones above it where the format has them',
      content: {
        'application/pem-certificate-chain': { schema: z.string() },
        'application/pkix-cert': { schema: fileSchema },
        'application/x-pkcs7-certificates': { schema: fileSchema },
      },
    },
  },
});

const privateKeyRoute = createRoute({
  method: 'post',
  path: '/api/certificates/{id}/private-key',
  tags: ['certificates'],
  summary: 'The private key that the server made, after proving again who one is',
  request: {
    params: paramsSchema,
    body: jsonBody(
      z.strictObject({ ...proofShape, passphrase: passphraseSchema.optional() }).refine(hasProof, proofExpected),
    ),
  },
  responses: {
    200: {
      description: 'PKCS#8 in PEM, encrypted where a passphrase was given',
      content: { 'application/x-pem-file': { schema: z.string() } },
    },
  },
});

const pkcs12Route = createRoute({
  method: 'post',
  path: '/api/certificates/{id}/p12',
  tags: ['certificates'],
  summary: 'Key, certificate and chain as PKCS#12, under a password that the server makes',
  request: { params: paramsSchema },
  responses: { 200: { description: 'PKCS#12', content: { 'application/pkcs12': { schema: fileSchema } } } },
});

const pkcs12PasswordRoute = createRoute({
  method: 'post',
  path: '/api/certificates/{id}/p12-password',
  tags: ['certificates'],
  summary: 'The password of the PKCS#12, once, after proving again who one is',
  request: { params: paramsSchema, body: jsonBody(z.strictObject(proofShape).refine(hasProof, proofExpected)) },
  responses: { 200: jsonAnswer('The password; it is not shown again.', z.object({ p12_password: z.string() })) },
});

/** The routes of files. */
export function certificateDownloadRoutes(parts: KeyParts & StepUpParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(downloadRoute, async (c) => {
    const row = await requireCertificate(parts.database.query, c.var.organisation.id, c.req.valid('param').id);
    const { format } = c.req.valid('query');
    return sendFile(c, await createCertificateFile(parts.database.query, row, { format, at: parts.now() }));
  });
  router.openapi(privateKeyRoute, async (c) => {
    const { passphrase, ...proof } = c.req.valid('json');
    await confirmPerson(parts, callerOf(c.var), readProof(proof));
    return sendFile(c, await exportPrivateKey(parts, callerOf(c.var), { id: c.req.valid('param').id, passphrase }));
  });
  router.openapi(pkcs12Route, async (c) =>
    sendFile(c, await exportPkcs12(parts, callerOf(c.var), c.req.valid('param').id)),
  );
  router.openapi(pkcs12PasswordRoute, async (c) => {
    await confirmPerson(parts, callerOf(c.var), readProof(c.req.valid('json')));
    const password = await showPkcs12Password(parts, callerOf(c.var), c.req.valid('param').id);
    c.header('Cache-Control', 'no-store');
    return c.json({ p12_password: password }, 200);
  });
  return router;
}

function sendFile(c: Context<AppEnv>, { bytes, mediaType, name }: DownloadedFile): never {
  const headers = {
    'Content-Type': mediaType,
    'Content-Disposition': attachment(name),
    'Cache-Control': 'private, no-store',
  };
  return c.body(bytes, 200, headers) as never;
}
