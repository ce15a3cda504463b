/** A certificate authority on a running server, as an operator makes it, and requests for its certificates. */
import { encodePem } from '@signpost/protocol/asn1/pem';
import { createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { createName } from '@signpost/protocol/x509/name';
import { signRequest } from '@signpost/protocol/x509/request';
import { encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import type { Operator } from './operator.ts';

const passphrase = 'five quite random words here';

/** Makes a root, once, and below it an authority that issues. */
export async function createIssuing(operator: Operator, wish: { name: string; keyType: string }): Promise<void> {
  const { authorities } = await operator.call('GET', '/api/authorities');
  if (!authorities.some(({ name }: { name: string }) => name === 'root')) {
    const subject = { CN: 'Root', O: 'Example' };
    const root = { kind: 'root', name: 'root', subject, key_type: 'ecdsa-p256', passphrase };
    await operator.call('POST', '/api/authorities', root);
  }
  await operator.call('POST', '/api/authorities', {
    ...{ kind: 'intermediate', name: wish.name, parent: 'root', passphrase },
    ...{ subject: { CN: `Issuing ${wish.name}`, O: 'Example' }, key_type: wish.keyType },
  });
}

/** A request for `host` with a new P-256 key, PEM. */
export async function createRequest(host: string): Promise<string> {
  const signer = await createCertificateSigner(await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' }));
  const names = [{ kind: 'dns', text: host } as const];
  const extensions = encodeExtensions({ subjectAlternativeName: { names } });
  return encodePem(
    'CERTIFICATE REQUEST',
    await signRequest({ subject: createName([['CN', host]]), extensions }, signer),
  );
}

/** An API key of these verbs, as headers. */
export async function openApiKey(operator: Operator, verbs: readonly string[]): Promise<Operator['headers']> {
  const { key } = await operator.call('POST', '/api/api-keys', { name: 'programs', scope: '*', verbs });
  return { authorization: `Bearer ${key}` };
}
