/** The server's own certificate for TLS, issued and renewed by an authority of the default organisation. */
import { encodePem } from '@signpost/protocol/asn1/pem';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { createPrivateKey, derivePublicKey } from '@signpost/protocol/keys/private-key';
import { isSelfIssued, parseCertificate } from '@signpost/protocol/x509/certificate';
import type { Logger } from 'pino';
import { systemActor } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { defaultOrganisation } from '../../http/guard.ts';
import type { KeyPair, KeyPairSource } from '../../http/tls/key-pair.ts';
import type { AuthorityParts } from '../authorities/authority.ts';
import { findIssuerEnd } from '../authorities/issuer-end.ts';
import { prepareCertificate } from '../certificates/issue.ts';
import { recordInGroup } from '../certificates/record.ts';
import { parseNameText } from '../profiles/name-text.ts';
import { type KeptPair, prepareKeptPair, readKeptPair } from './kept-pair.ts';
import { countValid, findOrganisationId } from './store.ts';

/** What the certificate is issued with, and for. */
export interface ServerCertificateParts extends AuthorityParts {
  readonly log: Logger;
  /** The name of the authority. */
  readonly authority: string;
  /** `dns:` and `ip:` names at which clients reach the server. */
  readonly names: readonly string[];
  /** Where certificate and key are kept, so that a start before the vault is open can show them. */
  readonly folder: string;
}

/** Of its life, after which a certificate is renewed. */
const renewedAfter = 2 / 3;

/**
 * A source of the pair. It is issued anew when there is none, past two thirds of its life unless it lasts as long as its issuer,
 * when it was revoked, and for another authority or other names; while the vault is locked the old one is shown. `read` throws
 * what issuing throws when there is none to show, and `unavailable` when for that the vault must be open.
 */
export function createAuthoritySource(parts: ServerCertificateParts): KeyPairSource {
  return {
    async read(): Promise<KeyPair> {
      const kept = await readKeptPair(parts.folder);
      if (kept && !(await isDue(parts, kept))) return kept;
      if (parts.vault.state !== 'unlocked') return kept ?? refuseLocked();
      return issuePair(parts).catch((err: unknown) => {
        if (!kept) throw err;
        parts.log.warn({ err }, 'the certificate of the server could not be issued anew');
        return kept;
      });
    },
  };
}

async function isDue(parts: ServerCertificateParts, kept: KeptPair): Promise<boolean> {
  if (kept.authority !== parts.authority || kept.names.join() !== parts.names.join()) return true;
  if ((await countValid(parts.database.query, [kept.certificate_id])) === 0) return true;
  const renewAt = kept.not_before + (kept.not_after - kept.not_before) * renewedAfter;
  return parts.now() >= renewAt && (await canLastLonger(parts, kept));
}

/** One that ends with its issuer is kept to that end. */
async function canLastLonger(parts: ServerCertificateParts, kept: KeptPair): Promise<boolean> {
  const organisationId = await findOrganisationId(parts.database.query, defaultOrganisation);
  const end = await findIssuerEnd(parts, organisationId, parts.authority);
  return end === undefined || kept.not_after < end;
}

function refuseLocked(): never {
  throw new Refusal('unavailable', 'the server has no certificate yet, and the vault is locked', {
    rule: 'tls-authority',
    hint: 'set SIGNPOST_VAULT_PASSWORD_FILE for the first start with SIGNPOST_TLS_AUTHORITY',
  });
}

async function issuePair(parts: ServerCertificateParts): Promise<KeyPair> {
  const { database, authority, names, folder } = parts;
  const organisationId = await findOrganisationId(database.query, defaultOrganisation);
  const pkcs8 = await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' });
  try {
    const caller = { organisationId, actor: systemActor };
    const { issuer, record } = await prepareCertificate(parts, caller, {
      ...{ authority, profile: 'server', source: 'system', names: names.map(parseNameText) },
      key: { kind: 'public', publicKey: await derivePublicKey(pkcs8) },
    });
    const certificate = parseCertificate(parseBase64(record.row.der));
    // Clients have the root; what leads to it they may not.
    const chain = [certificate, issuer.certificate, ...issuer.chain].filter((one) => !isSelfIssued(one));
    const pair: KeptPair = {
      certificate_id: record.row.id,
      ...{ authority, names: [...names], not_before: certificate.notBefore, not_after: certificate.notAfter },
      cert: chain.map(({ bytes }) => encodePem('CERTIFICATE', bytes)).join(''),
      key: encodePem('PRIVATE KEY', pkcs8),
    };
    // The file first: a full disk must not leave a certificate in the record at each attempt.
    const keep = await prepareKeptPair(folder, pair);
    await recordInGroup(database, record);
    await keep();
    return pair;
  } finally {
    pkcs8.fill(0);
  }
}
