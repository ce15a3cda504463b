/** An organisation whose issuing authority gives people client certificates, shown through a trusted proxy as RFC 9440 has it. */

import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { Caller } from '../../../src/audit/audit.ts';
import { systemActor } from '../../../src/audit/audit.ts';
import type { AuthorityParts } from '../../../src/pki/authorities/authority.ts';
import { createIntermediate } from '../../../src/pki/authorities/create-intermediate.ts';
import { createRoot } from '../../../src/pki/authorities/create-root.ts';
import { type IssueWish, issueCertificate } from '../../../src/pki/certificates/issue.ts';
import { parseNameText } from '../../../src/pki/profiles/name-text.ts';
import { WeakKeys } from '../../../src/pki/profiles/weak-keys.ts';
import type { Scene, SceneChoice } from '../../http/scene.ts';
import { cheapCost } from '../../vault/cheap-cost.ts';
import { type ReadCertificate, readIssued } from '../issued.ts';
import { rootPassphrase } from '../scene.ts';

/** The proxy that may say who shows what. */
export const proxy = '192.0.2.9';

/** A client certificate to be issued. */
interface VisitorWish extends Partial<IssueWish> {
  readonly name?: string;
}

/** What tests of access have in their hands. */
export interface AccessScene extends Scene {
  readonly parts: AuthorityParts;
  readonly caller: Caller;
  /** An organisation's `root` and `issuing`. */
  openAuthorities(caller: Caller): Promise<void>;
  /** A certificate for `name`, `dns:ci.internal` by default, of the home organisation or that of `caller`. */
  issue(wish?: VisitorWish, caller?: Caller): Promise<ReadCertificate>;
  /** Makes a rule as the admin of the home organisation. */
  allow(rule: object): Promise<Response>;
  /** Asks with a certificate, through the proxy unless `from` says otherwise. */
  show(certificate: Pick<Certificate, 'bytes'> | string, method: string, path: string, ask?: object): Promise<Response>;
}

/** What a scene must have for `openAccess`. */
export const accessChoice: SceneChoice = {
  planes: 'all',
  config: { clientCertificates: 'request', trustedProxies: [proxy] },
};

/** Opens the authorities of the home organisation in a scene of `accessChoice`. */
export async function openAccess(scene: Scene): Promise<AccessScene> {
  const { home, ask, database, vault, now } = scene;
  const parts = { database, vault, now, weakKeys: new WeakKeys(), pkiUrl: undefined, passphraseCost: cheapCost };
  const caller = { organisationId: home.id, actor: systemActor };
  const openAuthorities = async (owner: Caller) => {
    const shared = { keyType: 'ecdsa-p256', passphrase: rootPassphrase } as const;
    await createRoot(parts, owner, { ...shared, name: 'root', subject: { CN: 'Root' } });
    const wish = { ...shared, name: 'issuing', parent: 'root', subject: { CN: 'Issuing' } };
    await createIntermediate(parts, owner, wish);
  };
  await openAuthorities(caller);
  return {
    ...scene,
    ...{ parts, caller, openAuthorities },
    issue: ({ name = 'dns:ci.internal', ...wish } = {}, owner = caller) =>
      readIssued(
        issueCertificate(parts, owner, {
          ...{ authority: 'issuing', profile: 'client', key: { kind: 'server', label: 'ecdsa-p256' }, source: 'form' },
          subject: [['CN', 'ci']],
          names: [parseNameText(name)],
          ...wish,
        }),
      ),
    allow: (rule) =>
      ask('POST', '/api/client-access', {
        as: home.people.admin.session,
        json: { name: 'a rule', authority: 'issuing', match: { name: 'dns:ci.internal' }, verbs: ['admin'], ...rule },
      }),
    show: (certificate, method, path, more = {}) => {
      const header = typeof certificate === 'string' ? certificate : `:${encodeBase64(certificate.bytes)}:`;
      const { headers, ...rest } = { headers: {}, ...more };
      const all = { 'client-cert': header, 'x-signpost-request': '1', ...headers };
      return ask(method, path, { from: proxy, ...rest, headers: all });
    },
  };
}
