/** An organisation with a root and an issuing authority, and whoever asks it for certificates. */
import { type CertificateSigner, createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { type AttributeToWrite, createName } from '@signpost/protocol/x509/name';
import { signRequest, type VerifiedRequest } from '@signpost/protocol/x509/request';
import { type ExtensionsToWrite, encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import { type IssueWish, issueCertificate } from '../../../src/pki/certificates/issue.ts';
import { openRequest } from '../../../src/pki/certificates/request.ts';
import { parseNameText } from '../../../src/pki/profiles/name-text.ts';
import type { Database } from '../../../src/storage/database.ts';
import { type ReadCertificate, readIssued } from '../issued.ts';
import { createPkiScene, type PkiScene } from '../scene.ts';

/** What a request asks for; by default for `host.example`. */
export interface RequestWish {
  readonly signer?: CertificateSigner;
  readonly subject?: readonly AttributeToWrite[];
  readonly names?: readonly GeneralName[];
  readonly extensions?: ExtensionsToWrite;
}

/** The organisation and its desk. */
export interface Desk extends PkiScene {
  issue(wish?: Partial<IssueWish>): Promise<ReadCertificate>;
}

/** Opens the desk: authorities `root` and `issuing`. */
export async function openDesk(database: Database): Promise<Desk> {
  const scene = await createPkiScene(database);
  await scene.createRoot();
  await scene.createIntermediate();
  return {
    ...scene,
    issue: async (wish = {}) => {
      const key = wish.key ?? { kind: 'request', request: await askFor() };
      return readIssued(
        issueCertificate(scene.parts, scene.caller, {
          ...{ authority: 'issuing', profile: 'server', source: 'request', key },
          ...wish,
        }),
      );
    },
  };
}

/** A signer over a new P-256 key. */
export async function makeSigner(): Promise<CertificateSigner> {
  return createCertificateSigner(await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' }));
}

/** A request, DER. */
export async function writeRequest(wish: RequestWish = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { subject = [], names = [parseNameText('dns:host.example')], extensions } = wish;
  const asked = { ...(names.length > 0 && { subjectAlternativeName: { names } }), ...extensions };
  return signRequest(
    { subject: createName(subject), extensions: encodeExtensions(asked) },
    wish.signer ?? (await makeSigner()),
  );
}

/** A request that is verified. */
export async function askFor(wish: RequestWish = {}): Promise<VerifiedRequest> {
  return openRequest(await writeRequest(wish));
}
