/** Certificates issued by one thread without a database: composed by a profile, encoded and signed; and lists of 100,000 entries. */
import { createPrivateKey as importKey, sign } from 'node:crypto';
import { createPrivateKey } from '@signpost/protocol/keys/private-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { parseRevocationList } from '@signpost/protocol/x509/revocation-list';
import { createSerialNumber, signCertificate } from '@signpost/protocol/x509/write-certificate';
import { encodeEntry, signRevocationList } from '@signpost/protocol/x509/write-revocation-list';
import { createNodeSigner } from '../packages/server/src/pki/authorities/node-signer.ts';
import { signLinted } from '../packages/server/src/pki/certificates/sign.ts';
import { composeCertificate, type Locations } from '../packages/server/src/pki/profiles/contents.ts';
import { findProfile, openBuiltInProfiles } from '../packages/server/src/pki/profiles/profile.ts';
import { compareInRounds, formatAmount, type Measurement, quantile } from './measurement.ts';

const dayMs = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;
const profiles = openBuiltInProfiles();
const base = 'http://pki.example/pki/issuing';
const locations: Locations = { crl: [`${base}/crl`], ocsp: [`${base}/ocsp`], issuer: [`${base}/ca.crt`] };

interface Authority {
  readonly pkcs8: Uint8Array<ArrayBuffer>;
  readonly signer: ReturnType<typeof createNodeSigner>;
  readonly certificate: Certificate;
}

/** ECDSA P-256 certificates a second and thread, with what a bare signature costs; then lists. */
export async function measureIssuing(): Promise<readonly Measurement[]> {
  const authority = await createAuthority();
  return [await measureCertificates(authority), ...(await measureLists(authority))];
}

async function createAuthority(): Promise<Authority> {
  const pkcs8 = await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' });
  const signer = createNodeSigner(pkcs8);
  const contents = composeCertificate(findProfile(profiles, 'root'), {
    issuer: undefined,
    subject: [['CN', 'Root']],
    names: [],
    publicKey: signer.subjectKey,
    validity: { notBefore: now, notAfter: now + 365 * dayMs },
    serial: createSerialNumber(),
    locations,
  });
  return { pkcs8, signer, certificate: parseCertificate(await signCertificate(contents, signer)) };
}

async function measureCertificates(authority: Authority): Promise<Measurement> {
  const { pkcs8, signer, certificate } = authority;
  const key = importKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  const { signedBytes: message } = parseCertificate(await signCertificate(compose(authority, 0), signer));
  const issued = await compareInRounds({
    rounds: 9,
    ours: () => countPerSecond((index) => signCertificate(compose(authority, index), signer)),
    peer: () => countPerSecond(async () => sign('sha256', message, key)),
  });
  const issueLinted = (index: number) => signLinted(compose(authority, index), { certificate, signer }, 'server');
  // The first run is for the compiler.
  await countPerSecond(issueLinted);
  const linted = await countPerSecond(issueLinted);
  const detail = `bare signatures ${formatAmount(issued.peer)}/s, parsed and linted too ${formatAmount(linted)}/s`;
  const bar = { kind: 'at least', value: 20_000, unit: '/s' } as const;
  return { name: 'certificates issued in process, ECDSA P-256', measured: issued.ours, bar, detail };
}

function compose({ signer, certificate }: Authority, index: number) {
  const host = `host-${index}.example.com`;
  return composeCertificate(findProfile(profiles, 'server'), {
    issuer: certificate,
    subject: [['CN', host]],
    names: [{ kind: 'dns', text: host }],
    publicKey: signer.subjectKey,
    validity: { notBefore: now, notAfter: now + 90 * dayMs },
    serial: createSerialNumber(),
    locations,
  });
}

async function countPerSecond(work: (index: number) => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  let count = 0;
  for (; performance.now() - startedAt < 500; count++) await work(count);
  return (count / (performance.now() - startedAt)) * 1000;
}

/** From 100,000 rows to signed bytes, nothing encoded before; and back. */
async function measureLists({ signer, certificate }: Authority): Promise<readonly Measurement[]> {
  const serials = Array.from({ length: 100_000 }, createSerialNumber);
  const written: number[] = [];
  const parsed: number[] = [];
  let bytes = 0;
  for (let round = 0; round < 7; round++) {
    const startedAt = performance.now();
    const entries = serials.map((serialNumber) => encodeEntry({ serialNumber, revokedAt: now, reason: 'superseded' }));
    const list = await signRevocationList(
      {
        issuer: certificate.subject,
        authorityKeyIdentifier: certificate.extensions.subjectKeyIdentifier?.value ?? new Uint8Array(20),
        thisUpdate: now,
        nextUpdate: now + dayMs,
        number: 1n,
        entries,
      },
      signer,
    );
    const writtenAt = performance.now();
    parseRevocationList(list);
    bytes = list.length;
    written.push((writtenAt - startedAt) / 1000);
    parsed.push((performance.now() - writtenAt) / 1000);
  }
  const bar = { kind: 'at most', value: 0.5, unit: ' s' } as const;
  const detail = `${formatAmount(bytes / 1e6)} MB`;
  return [
    { name: 'a list of 100,000 entries, written and signed', measured: quantile(written, 0.5), bar, detail },
    { name: 'the same list, parsed', measured: quantile(parsed, 0.5), bar, detail },
  ];
}
