/** What authorities publish about themselves (RFC 5280, 4.2.2.1): certificates and chains, over plain HTTP as well. */
import { createHash } from 'node:crypto';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { encodeText } from '@signpost/protocol/bytes/text';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { Refusal } from '../../../errors.ts';
import type { AppEnv } from '../../../http/context.ts';
import { isMatch } from '../../../http/entity-tag.ts';
import { createRouter } from '../../../http/router.ts';
import {
  type AuthorityParts,
  AuthorityTree,
  authorityNamePattern,
  type OwnCertificate,
  requireAuthority,
} from '../authority.ts';

/** The public routes of authorities. */
export function authorityPublicRoutes(parts: Pick<AuthorityParts, 'database' | 'now'>): OpenAPIHono<AppEnv> {
  const router = createRouter();
  for (const [file, { type, encode, summary }] of Object.entries(files)) {
    const route = createRoute({
      method: 'get',
      path: `/pki/{authority}/${file}`,
      tags: ['pki'],
      summary,
      request: { params: z.object({ authority: z.string().regex(authorityNamePattern) }) },
      responses: {
        200: { description: 'The file', content: { [type]: { schema: z.string() } } },
        304: { description: 'Unchanged' },
      },
    });
    router.openapi(route, async (c) => {
      const { authority } = c.req.valid('param');
      const chain = await recallChain(parts, c.var.organisation.id, authority);
      if (!chain) throw new Refusal('not_found', 'the authority has no certificate that is valid now');
      const body = encode(chain.map(({ certificate }) => certificate));
      const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
      const headers = { 'Content-Type': type, 'Cache-Control': 'public, max-age=3600', ETag: etag };
      const disposition = { 'Content-Disposition': `attachment; filename="${authority}-${file}"` };
      if (isMatch(c.req.header('if-none-match') ?? '', etag)) return c.body(null, 304, headers) as never;
      return c.body(body, 200, { ...headers, ...disposition }) as never;
    });
  }
  return router;
}

/** The chain to serve, from what is kept in memory: strangers ask, as often as they like. */
async function recallChain(
  { database, now }: Pick<AuthorityParts, 'database' | 'now'>,
  organisationId: string,
  name: string,
): Promise<readonly OwnCertificate[] | undefined> {
  const row = await requireAuthority(database.query, organisationId, name);
  return (await AuthorityTree.recall(database.query, organisationId)).listChains(row, now())[0];
}

interface PublishedFile {
  readonly type: string;
  readonly summary: string;
  readonly encode: (chain: readonly Certificate[]) => Uint8Array<ArrayBuffer>;
}

const files: Readonly<Record<string, PublishedFile>> = {
  // RFC 2585, 4.1: one certificate, DER.
  'ca.crt': {
    type: 'application/pkix-cert',
    summary: 'The certificate of an authority, DER',
    encode: ([own]) => new Uint8Array(own?.bytes ?? []),
  },
  'ca.pem': {
    type: 'application/x-pem-file',
    summary: 'The certificate of an authority, PEM',
    encode: (chain) => encodeChain(chain.slice(0, 1)),
  },
  // RFC 8555, 9.1.
  'chain.pem': {
    type: 'application/pem-certificate-chain',
    summary: 'The chain from an authority to its root, PEM',
    encode: encodeChain,
  },
};

function encodeChain(chain: readonly Certificate[]): Uint8Array<ArrayBuffer> {
  return encodeText(chain.map(({ bytes }) => encodePem('CERTIFICATE', bytes)).join(''));
}
