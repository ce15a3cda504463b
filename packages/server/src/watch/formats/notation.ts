/** The Notary Project's trust policy (notaryproject/specifications, trust-store-trust-policy.md, version 1.0) and its trust stores. */

import { encodePem } from '@signpost/protocol/asn1/pem';
import { z } from 'zod';
import { parseOneDocument, parseShape } from './foreign-text.ts';
import { readControllerGlob, readImage } from './image-pattern.ts';
import { type Format, type ImagePolicy, type ImageRule, selectImageRules, toLabel, toRules } from './image-policy.ts';
import { type AttachedFiles, isLeaf, parseKeys, type ShownKey } from './public-keys.ts';
import { looser, type Remark, stricter } from './remark.ts';
import { writeSigners } from './signer-rules.ts';

const levels = { strict: 'enforce', permissive: 'enforce', audit: 'warn', skip: 'observe' } as const;
const name = z.string().min(1).max(253);
const statementSchema = z.strictObject({
  name,
  registryScopes: z.array(z.string().min(1).max(512)).min(1).max(500),
  signatureVerification: z.strictObject({
    level: z.enum(['strict', 'permissive', 'audit', 'skip']),
    override: z.record(z.string(), z.enum(['enforce', 'log', 'skip'])).optional(),
    verifyTimestamp: z.enum(['always', 'afterCertExpiry']).optional(),
  }),
  trustStores: z
    .array(z.string().regex(/^(?:ca|signingAuthority|tsa):[A-Za-z0-9_.-]+$/, 'expected a store such as ca:acme'))
    .max(50)
    .optional(),
  trustedIdentities: z.array(z.string().min(1).max(2048)).max(100).optional(),
});
const documentSchema = z.strictObject({
  version: z.literal('1.0'),
  trustPolicies: z.array(statementSchema).min(1).max(500),
});

type Statement = z.infer<typeof statementSchema>;

/** The format. */
export const notation: Format = {
  parse: (text, attached) => {
    const { trustPolicies } = parseShape(documentSchema, parseOneDocument(text), 'the trust policy');
    // A scope of its own goes before the one for all.
    const ordered = [...trustPolicies.filter((one) => !isForAll(one)), ...trustPolicies.filter(isForAll)];
    const read = ordered.map((statement) => readStatement(statement, attached));
    // There one statement decides, as here.
    const rules = read.map(({ policy }) => toRules([policy], []));
    return {
      rules: rules.flatMap((one) => one.rules),
      remarks: [...read.flatMap(({ remarks }) => remarks), ...rules.flatMap((one) => one.remarks)],
    };
  },
  write: (rules, keys) => {
    const selected = selectImageRules(rules, { areAllMet: false });
    const all = selected.rules.findIndex(({ pattern }) => pattern === '**');
    const reached = all < 0 ? selected.rules : selected.rules.slice(0, all + 1);
    const written = reached.map((rule, index) => writeRule(rule, index, keys));
    const trustPolicies = written.flatMap(({ statement }) => statement ?? []);
    return {
      files: [
        { name: 'trustpolicy.json', text: `${JSON.stringify({ version: '1.0', trustPolicies }, undefined, 2)}\n` },
        ...written.flatMap(({ files }) => files),
      ],
      remarks: [...selected.remarks, ...written.flatMap(({ remarks }) => remarks)],
    };
  },
};

function isForAll({ registryScopes }: Statement): boolean {
  return registryScopes.includes('*');
}

function readStatement(
  statement: Statement,
  attached: AttachedFiles,
): { readonly policy: ImagePolicy; readonly remarks: readonly Remark[] } {
  const { name: clause, registryScopes, signatureVerification, trustStores = [], trustedIdentities = [] } = statement;
  const { level, override = {}, verifyTimestamp } = signatureVerification;
  const images = registryScopes.map((scope) =>
    scope === '*' ? readControllerGlob('**', { clause, list: [] }) : readImage(scope, clause),
  );
  const stores = trustStores.map((store) => readStore(store, { clause, attached }));
  const at = `${clause}: signatureVerification`;
  const remarks = [
    ...images.flatMap((image) => image.remarks),
    ...stores.flatMap((store) => store.remarks),
    ...(level === 'audit' || level === 'skip'
      ? [looser(`${at}.level`, `${level} lets through what gates deny now`)]
      : []),
    ...(level === 'permissive' ? [stricter(`${at}.level`, 'nothing is merely noted here')] : []),
    ...Object.keys(override).map((check) => looser(`${at}.override.${check}`, 'no single check can be switched here')),
    ...(verifyTimestamp ? [stricter(`${at}.verifyTimestamp`, 'a time of signing is always asked for here')] : []),
    ...trustedIdentities
      .filter((identity) => identity !== '*')
      .map((identity) => looser(`${clause}: trustedIdentities`, `${identity} is not asked for here beside the key`)),
    ...(level === 'skip'
      ? []
      : [
          stricter(
            clause,
            'signatures of Notary cannot be verified here: only what is signed otherwise as well is let through',
          ),
        ]),
  ];
  const policy: ImagePolicy = {
    ...{ name: clause, sources: images.flatMap(({ source }) => source ?? []), mode: levels[level] },
    signers: level === 'skip' ? [] : stores.flatMap(({ keys }) => keys.map(({ sha256 }) => ({ key: sha256 }))),
    ...{ transparency: false, provenance: false, sbom: false },
  };
  return { policy, remarks };
}

/** The certificates of a store that stand for their own key; an authority's vouches for keys that nobody knows. */
function readStore(
  store: string,
  { clause, attached }: { readonly clause: string; readonly attached: AttachedFiles },
): { readonly keys: readonly ShownKey[]; readonly remarks: readonly Remark[] } {
  const [kind = '', label = ''] = store.split(':');
  if (kind === 'tsa') return { keys: [], remarks: [] };
  const folder = `truststore/x509/${kind}/${label}/`;
  const files = [...attached].filter(
    ([path]) => path.replace(/^\.\//, '').endsWith(`/${folder}${path.split('/').at(-1)}`) || path.startsWith(folder),
  );
  const keys = files.flatMap(([path, text]) => parseKeys(text, path));
  const leaves = keys.filter(isLeaf);
  const where = `${clause}: trustStores`;
  return {
    keys: leaves,
    remarks: [
      ...(files.length === 0
        ? [stricter(where, `no certificate of ${store} is attached, so whom it vouches for does not count`)]
        : []),
      ...(leaves.length < keys.length
        ? [stricter(where, `${store} has an authority, and whom it vouches for does not count`)]
        : []),
    ],
  };
}

function writeRule(image: ImageRule, index: number, keys: ReadonlyMap<string, ShownKey>) {
  const { rule, pattern } = image;
  const shown = new Map([...keys].filter(([, key]) => isLeaf(key)));
  const written = writeSigners(image, shown, { saysRepository: false });
  const identities = written.identities.map(({ issuer }) =>
    stricter(rule.name, `an identity of ${issuer} cannot be named there`),
  );
  const isScope = pattern === '**' || !pattern.includes('*');
  const remarks = [
    ...written.remarks.filter(({ effect }) => effect === 'stricter'),
    ...identities,
    ...(rule.require.transparency ? [looser(rule.name, 'no log is asked for there')] : []),
  ];
  if (!isScope || written.keys.length === 0) {
    const why = isScope ? 'none of its signers is a key with a certificate that is attached' : 'a scope has no pattern';
    return { statement: undefined, files: [], remarks: [...remarks, looser(rule.name, `${why}, so it is left out`)] };
  }
  const label = toLabel(rule.name, index);
  return {
    statement: {
      ...{ name: rule.name, registryScopes: [pattern === '**' ? '*' : pattern] },
      signatureVerification: { level: rule.mode === 'enforce' ? 'strict' : 'audit' },
      ...{ trustStores: [`ca:${label}`], trustedIdentities: ['*'] },
    },
    files: written.keys.flatMap(({ sha256, certificate }) =>
      certificate
        ? [{ name: `truststore/x509/ca/${label}/${sha256}.pem`, text: encodePem('CERTIFICATE', certificate.bytes) }]
        : [],
    ),
    remarks,
  };
}
