/** `signpost cert renew`. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { type JsonObject, textOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { proofOptions, requestProven } from '../../http/person.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { writeCertificate, writeNewKey } from './folder.ts';
import { openLocalKey, readRequestFile } from './issue.ts';
import { resolveCertificate } from './list.ts';
import { createRequestPem } from './local-key.ts';
import { keyTypes } from './names.ts';

/** `signpost cert renew`. */
export const certRenew: CommandSpec = {
  words: 'cert renew',
  arguments: '<certificate>',
  summary: 'Get a new certificate that says the same; the old one stays in force unless --revoke-old',
  details: [
    'By default for the same key. With --new-key a key is made in the folder of --out; with --server-key the server makes it, where it made the old one.',
  ],
  options: [
    { flags: '--new-key', text: 'with a new key, made on this machine' },
    { flags: '--key-type <type>', text: 'of the new key', choices: keyTypes, fallback: 'ecdsa-p256' },
    { flags: '--request <file>', text: 'for the key of this request (PKCS#10, PEM)' },
    { flags: '--server-key', text: 'with a new key that the server makes and keeps' },
    { flags: '--authority <name>', text: 'by another authority' },
    { flags: '--lifetime <duration>', text: 'such as 90d' },
    { flags: '--revoke-old', text: 'revoke the old one as superseded' },
    { flags: '--out <folder>', text: 'where the files go' },
    ...proofOptions(),
  ],
  examples: [
    'signpost cert renew www.example.com --out www',
    'signpost cert renew www.example.com --new-key --revoke-old --out www-2027',
  ],
  run: renewCertificate,
};

async function renewCertificate(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const client = await connectAuthenticated(invocation);
  const id = await resolveCertificate(client, readArgument(invocation, 0));
  const texts = ['authority', 'lifetime'].flatMap((name) => {
    const value = options.text(name);
    return value === undefined ? [] : [[name, value]];
  });
  const revokesOld = options.flag('revoke-old');
  const path = `/api/certificates/${id}/renew`;
  const body = { ...Object.fromEntries(texts), ...(await chooseKey(invocation)), revoke_old: revokesOld };
  const answer = revokesOld
    ? await requestProven(invocation, client, { path, body })
    : await client.request('POST', path, { body });
  const folder = options.text('out');
  const paths = folder === undefined ? [] : await writeCertificate(folder, answer);
  const line = `Certificate ${textOf(answer, 'id')} renews ${id}, valid until ${textOf(answer, 'not_after')}`;
  const shown = folder === undefined ? [textOf(answer, 'certificate').trimEnd()] : paths;
  return { document: { ...answer, files: paths }, lines: [line, ...shown] };
}

async function chooseKey({ options }: Invocation): Promise<JsonObject> {
  const file = options.text('request');
  const chosen = [file !== undefined, options.flag('new-key'), options.flag('server-key')].filter(Boolean).length;
  if (chosen > 1) throw new Failure('usage', 'expected one of --request, --new-key and --server-key');
  if (file !== undefined) return { request: await readRequestFile(file) };
  if (options.flag('server-key')) return { key: 'new' };
  if (!options.flag('new-key')) return { key: 'same' };
  const folder = options.text('out');
  if (folder === undefined) throw new Failure('usage', '--out is needed: the folder for the new key');
  const key = await openLocalKey(undefined, options.requiredText('key-type'));
  // The server takes nothing but the key from it.
  const request = await createRequestPem(key.pem, { subject: {}, names: [] });
  await writeNewKey(folder, key.pem);
  return { request };
}
