/** Sigstore's policy-controller: `ClusterImagePolicy` (policy.sigstore.dev/v1beta1). */

import { z } from 'zod';
import { loadYaml } from '../../packages-by-need.ts';
import type { PolicySigner } from '../policies/document.ts';
import { parseDocuments, parseShape, refuseFile } from './foreign-text.ts';
import { readControllerGlob, writeControllerGlob } from './image-pattern.ts';
import {
  asksProvenance,
  type Format,
  type ImagePolicy,
  type ImageRule,
  provenanceType,
  readAttestation,
  ruleAnnotation,
  selectImageRules,
  toLabel,
  toRules,
} from './image-policy.ts';
import { parseKeys, type ShownKey } from './public-keys.ts';
import { looser, type Remark, stricter } from './remark.ts';
import { readIdentity, type WrittenIdentity, writeSigners } from './signer-rules.ts';

/** The public log of Sigstore. */
const publicLog = 'https://rekor.sigstore.dev';
const publicAuthority = 'https://fulcio.sigstore.dev';

const text = z.string().max(4096);
const policySchema = z.strictObject({
  type: z.enum(['cue', 'rego']),
  ...{
    data: z.string().optional(),
    remote: z.unknown().optional(),
    configMapRef: z.unknown().optional(),
    fetchConfigFile: z.boolean().optional(),
  },
  ...{
    includeSpec: z.boolean().optional(),
    includeObjectMeta: z.boolean().optional(),
    includeTypeMeta: z.boolean().optional(),
  },
});
const keySchema = z.strictObject({
  ...{ data: text.optional(), secretRef: z.unknown().optional(), kms: text.optional(), hashAlgorithm: text.optional() },
});
const identitySchema = z.strictObject({
  ...{
    issuer: text.optional(),
    issuerRegExp: text.optional(),
    subject: text.optional(),
    subjectRegExp: text.optional(),
  },
});
const keylessSchema = z.strictObject({
  identities: z.array(identitySchema).min(1).max(100),
  ...{
    url: text.optional(),
    'ca-cert': z.unknown().optional(),
    trustRootRef: text.optional(),
    insecureIgnoreSCT: z.boolean().optional(),
  },
});
const authoritySchema = z.strictObject({
  name: text.optional(),
  key: keySchema.optional(),
  keyless: keylessSchema.optional(),
  static: z.strictObject({ action: z.enum(['pass', 'fail']), message: text.optional() }).optional(),
  source: z.array(z.unknown()).optional(),
  ctlog: z.strictObject({ url: text.optional(), trustRootRef: text.optional() }).optional(),
  attestations: z
    .array(z.strictObject({ name: text, predicateType: text, policy: policySchema.optional() }))
    .max(50)
    .optional(),
  rfc3161timestamp: z.strictObject({ trustRootRef: text.optional() }).optional(),
  signatureFormat: z.enum(['legacy', 'bundle']).optional(),
});
const documentSchema = z.strictObject({
  apiVersion: z.enum(['policy.sigstore.dev/v1beta1', 'policy.sigstore.dev/v1alpha1']),
  kind: z.literal('ClusterImagePolicy'),
  metadata: z.looseObject({ name: z.string().min(1).max(253), annotations: z.record(z.string(), text).optional() }),
  spec: z.strictObject({
    images: z
      .array(z.strictObject({ glob: z.string().min(1).max(1024) }))
      .min(1)
      .max(100),
    authorities: z.array(authoritySchema).min(1).max(100),
    policy: policySchema.optional(),
    mode: z.enum(['enforce', 'warn']).optional(),
    match: z.array(z.unknown()).optional(),
  }),
  status: z.unknown().optional(),
});

type Document = z.infer<typeof documentSchema>;
type Authority = z.infer<typeof authoritySchema>;

/** The format. */
export const policyController: Format = {
  parse: (source) => {
    const read = parseDocuments(source).map((value, index) =>
      readDocument(parseShape(documentSchema, value, `document ${index + 1}, as ClusterImagePolicy,`)),
    );
    return toRules(
      read.map(({ policy }) => policy),
      read.flatMap(({ remarks }) => remarks),
    );
  },
  write: (rules, keys) => {
    const selected = selectImageRules(rules);
    const written = selected.rules.map((rule, index) => writeRule(rule, index, keys));
    const documents = written.flatMap(({ document }) =>
      document ? [loadYaml().stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })] : [],
    );
    return {
      files: [{ name: 'cluster-image-policies.yaml', text: documents.join('---\n') }],
      remarks: [...selected.remarks, ...written.flatMap(({ remarks }) => remarks)],
    };
  },
};

function readDocument({ metadata, spec }: Document): {
  readonly policy: ImagePolicy;
  readonly remarks: readonly Remark[];
} {
  const name = metadata.annotations?.[ruleAnnotation] ?? metadata.name;
  const list = spec.images.map(({ glob }) => glob);
  const images = list.map((glob, index) =>
    readControllerGlob(glob, { clause: `${name}: spec.images[${index}]`, list }),
  );
  const authorities = spec.authorities.map((one, index) => readAuthority(one, `${name}: spec.authorities[${index}]`));
  const asks = (wanted: 'provenance' | 'sbom') => authorities.some((one) => one.asks.includes(wanted));
  const isMixed = new Set(authorities.map((one) => one.asks.join())).size > 1;
  const logs = spec.authorities.filter((one) => !one.static).map(asksLog);
  const remarks = [
    ...images.flatMap((image) => image.remarks),
    ...authorities.flatMap((one) => one.remarks),
    ...(isMixed ? [stricter(`${name}: spec.authorities`, 'here attestations are asked for whoever signs')] : []),
    ...(logs.includes(true) && logs.includes(false)
      ? [looser(`${name}: spec.authorities`, 'a log is asked of some signers there, and of none here')]
      : []),
    ...(spec.policy ? [looser(`${name}: spec.policy`, `${spec.policy.type} cannot be carried over`)] : []),
    ...(spec.mode === 'warn' ? [looser(`${name}: spec.mode`, 'it warns, where gates deny now')] : []),
    ...(spec.match?.length ? [stricter(`${name}: spec.match`, 'here it holds for every kind of resource')] : []),
  ];
  const isOpen = spec.authorities.some((one) => one.static?.action === 'pass');
  const policy: ImagePolicy = {
    ...{
      name,
      sources: images.flatMap(({ source }) => source ?? []),
      signers: authorities.flatMap((one) => one.signers),
    },
    mode: isOpen ? 'observe' : (spec.mode ?? 'enforce'),
    transparency: logs.length > 0 && !logs.includes(false),
    ...{ provenance: asks('provenance'), sbom: asks('sbom') },
  };
  return { policy: isOpen ? { ...policy, signers: [] } : policy, remarks };
}

function asksLog({ ctlog, rfc3161timestamp, signatureFormat }: Authority): boolean {
  return rfc3161timestamp === undefined && (ctlog !== undefined || signatureFormat === 'bundle');
}

interface ReadAuthority {
  readonly signers: readonly PolicySigner[];
  readonly asks: readonly ('provenance' | 'sbom')[];
  readonly remarks: readonly Remark[];
}

function readAuthority(authority: Authority, clause: string): ReadAuthority {
  const { key, keyless, static: fixed, source, ctlog, attestations = [], rfc3161timestamp } = authority;
  if ([key, keyless, fixed].filter((one) => one !== undefined).length !== 1) {
    throw refuseFile(`expected one of key, keyless and static at ${clause}`);
  }
  if (fixed) return { signers: [], asks: [], remarks: [describeStatic(fixed.action, clause)] };
  const roots = [ctlog?.trustRootRef, keyless?.trustRootRef, rfc3161timestamp?.trustRootRef, keyless?.['ca-cert']];
  const places = [ctlog?.url ?? publicLog, keyless?.url ?? publicAuthority].map((url) => url.replace(/\/$/, ''));
  const isPublic = roots.every((one) => one === undefined) && places[0] === publicLog && places[1] === publicAuthority;
  const who = key
    ? readKey(key, `${clause}.key`)
    : readKeyless(keyless?.identities ?? [], `${clause}.keyless.identities`);
  const wanted = attestations.map(({ predicateType, policy }, index) =>
    readAttestation(predicateType, { clause: `${clause}.attestations[${index}]`, isChecked: policy !== undefined }),
  );
  return {
    signers: who.signers,
    asks: [...new Set(wanted.flatMap(({ asks }) => asks ?? []))],
    remarks: [
      ...who.remarks,
      ...wanted.flatMap(({ remarks }) => remarks),
      ...(isPublic ? [] : [looser(clause, 'here every trusted root of the organisation counts, not this one alone')]),
      ...(source?.length ? [stricter(`${clause}.source`, 'signatures are looked for beside the image alone')] : []),
      ...(keyless?.insecureIgnoreSCT
        ? [stricter(`${clause}.keyless.insecureIgnoreSCT`, 'what a certificate log says is never ignored')]
        : []),
    ],
  };
}

function describeStatic(action: 'pass' | 'fail', clause: string): Remark {
  return action === 'pass'
    ? looser(`${clause}.static`, 'it lets everything in: the rule would only observe')
    : looser(`${clause}.static`, 'nothing here refuses whatever comes');
}

function readKey({ data, hashAlgorithm }: z.infer<typeof keySchema>, clause: string): Omit<ReadAuthority, 'asks'> {
  if (data === undefined)
    return { signers: [], remarks: [stricter(clause, 'the key is not in the file, so who has it does not count')] };
  const isUsual = hashAlgorithm === undefined || hashAlgorithm.toLowerCase() === 'sha256';
  return {
    signers: parseKeys(data, clause).map(({ sha256 }) => ({ key: sha256 })),
    remarks: isUsual ? [] : [looser(`${clause}.hashAlgorithm`, 'here every hash that is still good counts')],
  };
}

function readKeyless(
  identities: readonly z.infer<typeof identitySchema>[],
  clause: string,
): Omit<ReadAuthority, 'asks'> {
  const read = identities.map(({ issuerRegExp, subjectRegExp, ...exact }, index) =>
    readIdentity(
      { ...exact, issuerPattern: issuerRegExp, subjectPattern: subjectRegExp },
      { clause: `${clause}[${index}]` },
    ),
  );
  return { signers: read.flatMap(({ signers }) => signers), remarks: read.flatMap(({ remarks }) => remarks) };
}

function writeRule(image: ImageRule, index: number, keys: ReadonlyMap<string, ShownKey>) {
  const { rule, pattern } = image;
  const written = writeSigners(image, keys, { saysRepository: false });
  const globs = writeControllerGlob(pattern, rule.name);
  const remarks = [...written.remarks, ...globs.remarks];
  const more = {
    ...(rule.require.transparency && { ctlog: { url: publicLog } }),
    ...(asksProvenance(rule) && { attestations: [{ name: 'provenance', predicateType: provenanceType }] }),
  };
  const authorities = [
    ...(written.identities.length === 0
      ? []
      : [
          {
            name: 'keyless',
            keyless: { url: publicAuthority, identities: written.identities.map(writeIdentity) },
            ...more,
          },
        ]),
    ...written.keys.map(({ pem }, at) => ({ name: `key-${at + 1}`, key: { data: pem }, ...more })),
  ];
  if (authorities.length === 0 || globs.patterns.length === 0) {
    return {
      document: undefined,
      remarks: [...remarks, looser(rule.name, 'nothing of it can be said, so it is left out')],
    };
  }
  const document = {
    ...{ apiVersion: 'policy.sigstore.dev/v1beta1', kind: 'ClusterImagePolicy' },
    metadata: { name: toLabel(rule.name, index), annotations: { [ruleAnnotation]: rule.name } },
    spec: {
      images: globs.patterns.map((glob) => ({ glob })),
      mode: rule.mode === 'enforce' ? 'enforce' : 'warn',
      authorities,
    },
  };
  return { document, remarks };
}

function writeIdentity({ issuer, subject }: WrittenIdentity) {
  return { issuer, ...('exact' in subject ? { subject: subject.exact } : { subjectRegExp: subject.pattern }) };
}
