/** Kyverno: `ClusterPolicy` with `verifyImages` (kyverno.io/v1). */

import { z } from 'zod';
import { loadYaml } from '../../packages-by-need.ts';
import type { PolicySigner } from '../policies/document.ts';
import { parseDocuments, parseShape, refuseFile } from './foreign-text.ts';
import { readKyvernoPattern, writeKyvernoPattern } from './image-pattern.ts';
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

const publicLog = 'https://rekor.sigstore.dev';

const text = z.string().max(8192);
const rekorSchema = z
  .strictObject({ url: text.optional(), ignoreTlog: z.boolean().optional(), pubkey: text.optional() })
  .optional();
const ctlogSchema = z
  .strictObject({ ignoreSCT: z.boolean().optional(), pubkey: text.optional(), tsaCertChain: text.optional() })
  .optional();
const keylessSchema = z.strictObject({
  ...{
    issuer: text.optional(),
    issuerRegExp: text.optional(),
    subject: text.optional(),
    subjectRegExp: text.optional(),
  },
  ...{ roots: text.optional(), rekor: rekorSchema, ctlog: ctlogSchema },
  additionalExtensions: z.record(z.string(), text).optional(),
});
const keysSchema = z.strictObject({
  ...{
    publicKeys: text.optional(),
    secret: z.unknown().optional(),
    kms: text.optional(),
    signatureAlgorithm: text.optional(),
  },
  ...{ rekor: rekorSchema, ctlog: ctlogSchema },
});
const entrySchema = z.strictObject({
  ...{
    keyless: keylessSchema.optional(),
    keys: keysSchema.optional(),
    certificates: z.unknown().optional(),
    attestor: z.unknown().optional(),
  },
  ...{ annotations: z.record(z.string(), text).optional(), repository: text.optional() },
});
const attestorsSchema = z
  .array(z.strictObject({ count: z.int().min(1).optional(), entries: z.array(entrySchema).min(1).max(100) }))
  .max(50);
const verificationSchema = z.strictObject({
  type: z.enum(['Cosign', 'SigstoreBundle', 'Notary']).optional(),
  imageReferences: z.array(z.string().min(1).max(1024)).min(1).max(100),
  skipImageReferences: z.array(z.string()).optional(),
  failureAction: z.enum(['Enforce', 'Audit']).optional(),
  attestors: attestorsSchema.optional(),
  attestations: z
    .array(
      z.strictObject({
        ...{
          name: text.optional(),
          type: text.optional(),
          predicateType: text.optional(),
          attestors: attestorsSchema.optional(),
        },
        conditions: z.unknown().optional(),
      }),
    )
    .max(50)
    .optional(),
  ...{ required: z.boolean().optional(), mutateDigest: z.boolean().optional(), verifyDigest: z.boolean().optional() },
  ...{ useCache: z.boolean().optional(), cosignOCI11: z.boolean().optional(), repository: text.optional() },
  ...{ imageRegistryCredentials: z.unknown().optional(), validate: z.unknown().optional() },
});
const documentSchema = z.strictObject({
  apiVersion: z.enum(['kyverno.io/v1', 'kyverno.io/v2beta1']),
  kind: z.literal('ClusterPolicy'),
  metadata: z.looseObject({ name: z.string().min(1).max(253), annotations: z.record(z.string(), text).optional() }),
  spec: z.looseObject({
    validationFailureAction: z.enum(['Enforce', 'Audit', 'enforce', 'audit']).optional(),
    validationFailureActionOverrides: z.array(z.unknown()).optional(),
    rules: z
      .array(
        z.looseObject({
          name: z.string().min(1).max(253),
          ...{
            exclude: z.unknown().optional(),
            preconditions: z.unknown().optional(),
            celPreconditions: z.unknown().optional(),
          },
          verifyImages: z.array(verificationSchema).max(50).optional(),
        }),
      )
      .min(1)
      .max(100),
  }),
  status: z.unknown().optional(),
});

type Document = z.infer<typeof documentSchema>;
type Verification = z.infer<typeof verificationSchema>;
type Entry = z.infer<typeof entrySchema>;

/** The format. */
export const kyverno: Format = {
  parse: (source) => {
    const read = parseDocuments(source).flatMap((value, index) =>
      readDocument(parseShape(documentSchema, value, `document ${index + 1}, as ClusterPolicy,`)),
    );
    return toRules(
      read.map(({ policy }) => policy),
      read.flatMap(({ remarks }) => remarks),
    );
  },
  write: (rules, keys) => {
    const selected = selectImageRules(rules, { saysDigest: true });
    const written = selected.rules.map((rule, index) => writeRule(rule, index, keys));
    const documents = written.flatMap(({ document }) =>
      document ? [loadYaml().stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })] : [],
    );
    return {
      files: [{ name: 'cluster-policies.yaml', text: documents.join('---\n') }],
      remarks: [...selected.remarks, ...written.flatMap(({ remarks }) => remarks)],
    };
  },
};

interface Read {
  readonly policy: ImagePolicy;
  readonly remarks: readonly Remark[];
}

function readDocument({ metadata, spec }: Document): readonly Read[] {
  const name = metadata.annotations?.[ruleAnnotation] ?? metadata.name;
  const checks = spec.rules.flatMap((rule, at) =>
    (rule.verifyImages ?? []).map((check, index) => ({
      rule,
      check,
      clause: `${name}: spec.rules[${at}].verifyImages[${index}]`,
    })),
  );
  if (checks.length === 0) throw refuseFile(`expected verifyImages in the rules of ${metadata.name}`);
  const isSingle = checks.length === 1;
  return checks.map(({ rule, check, clause }, index) => {
    const isNarrow = [rule.exclude, rule.preconditions, rule.celPreconditions].some((one) => one !== undefined);
    const isOverridden = spec.validationFailureActionOverrides?.length;
    // Kyverno audits unless it is told to enforce.
    const action = (check.failureAction ?? spec.validationFailureAction ?? 'Audit').toLowerCase();
    const read = readVerification(check, {
      clause,
      isAudit: action === 'audit',
      name: isSingle ? name : `${name} ${rule.name} ${index + 1}`,
    });
    const remarks = [
      ...(isNarrow ? [stricter(clause, 'here it holds without the exclusions and conditions of its rule')] : []),
      ...(isOverridden
        ? [stricter(`${name}: spec.validationFailureActionOverrides`, 'here it holds in every namespace')]
        : []),
    ];
    return { ...read, remarks: [...read.remarks, ...remarks] };
  });
}

function readVerification(
  check: Verification,
  { clause, name, isAudit }: { readonly clause: string; readonly name: string; readonly isAudit: boolean },
): Read {
  const list = check.imageReferences;
  const images = list.map((pattern, index) =>
    readKyvernoPattern(pattern, { clause: `${clause}.imageReferences[${index}]`, list }),
  );
  const signers = readAttestors(check.attestors ?? [], `${clause}.attestors`);
  const wanted = (check.attestations ?? []).map(({ type, predicateType, conditions }, index) =>
    readAttestation(type ?? predicateType ?? '', {
      clause: `${clause}.attestations[${index}]`,
      isChecked: conditions !== undefined,
    }),
  );
  const remarks = [
    ...images.flatMap((image) => image.remarks),
    ...signers.remarks,
    ...wanted.flatMap((one) => one.remarks),
    ...(isAudit ? [looser(`${clause}.failureAction`, 'it audits, where gates deny now')] : []),
    ...(check.type === 'Notary' ? [stricter(`${clause}.type`, 'signatures of Notary are not verified here')] : []),
    ...(check.skipImageReferences?.length
      ? [stricter(`${clause}.skipImageReferences`, 'here nothing is left out')]
      : []),
    ...(check.required === false ? [stricter(`${clause}.required`, 'here every image is judged')] : []),
    ...(check.mutateDigest
      ? [looser(`${clause}.mutateDigest`, 'nothing is changed here: the node resolves the tag')]
      : []),
    ...(check.repository === undefined
      ? []
      : [stricter(`${clause}.repository`, 'signatures are looked for beside the image alone')]),
    ...(check.validate === undefined
      ? []
      : [looser(`${clause}.validate`, 'further conditions cannot be carried over')]),
  ];
  const asks = wanted.map((one) => one.asks);
  const policy: ImagePolicy = {
    ...{ name, sources: images.flatMap(({ source }) => source ?? []), mode: isAudit ? 'warn' : 'enforce' },
    ...{ signers: signers.signers, transparency: signers.isLogged },
    ...{ provenance: asks.includes('provenance'), sbom: asks.includes('sbom'), digest: check.verifyDigest === true },
  };
  return { policy, remarks };
}

interface ReadEntries {
  readonly signers: readonly PolicySigner[];
  readonly isLogged: boolean;
  readonly remarks: readonly Remark[];
}

function readAttestors(attestors: z.infer<typeof attestorsSchema>, clause: string): ReadEntries {
  const entries = attestors.flatMap(({ entries: list }, at) =>
    list.map((entry, index) => ({ entry, read: readEntry(entry, `${clause}[${at}].entries[${index}]`) })),
  );
  const logs = entries.map(({ entry }) => (entry.keyless ?? entry.keys)?.rekor?.ignoreTlog !== true);
  const isJoint = attestors.length > 1 || attestors.some(({ count, entries: list }) => (count ?? list.length) > 1);
  return {
    signers: entries.flatMap(({ read }) => read.signers),
    isLogged: logs.length > 0 && !logs.includes(false),
    remarks: [
      ...entries.flatMap(({ read }) => read.remarks),
      ...(isJoint ? [looser(clause, 'several must sign there, and one is enough here')] : []),
      ...(logs.includes(true) && logs.includes(false)
        ? [looser(clause, 'a log is asked of some signers there, and of none here')]
        : []),
    ],
  };
}

function readEntry(entry: Entry, clause: string): Omit<ReadEntries, 'isLogged'> {
  const { keyless, keys, certificates, attestor, annotations, repository } = entry;
  if ([keyless, keys, certificates, attestor].filter((one) => one !== undefined).length !== 1) {
    throw refuseFile(`expected one of keyless, keys, certificates and attestor at ${clause}`);
  }
  const { rekor, ctlog } = keyless ?? keys ?? {};
  const isOwn = [rekor?.pubkey, ctlog?.pubkey, ctlog?.tsaCertChain, keyless?.roots].some((one) => one !== undefined);
  const isPublic = !isOwn && (rekor?.url ?? publicLog).replace(/\/$/, '') === publicLog;
  const who = keyless ? readKeyless(keyless, `${clause}.keyless`) : readKeys(keys, clause);
  return {
    signers: who.signers,
    remarks: [
      ...who.remarks,
      ...(isPublic ? [] : [looser(clause, 'here every trusted root of the organisation counts, not this one alone')]),
      ...(ctlog?.ignoreSCT && keyless
        ? [stricter(`${clause}.ctlog`, 'what a certificate log says is never ignored')]
        : []),
      ...(annotations ? [looser(`${clause}.annotations`, 'annotations of signatures cannot be asked for here')] : []),
      ...(repository === undefined
        ? []
        : [stricter(`${clause}.repository`, 'signatures are looked for beside the image alone')]),
    ],
  };
}

function readKeyless(keyless: z.infer<typeof keylessSchema>, clause: string): Omit<ReadEntries, 'isLogged'> {
  const { issuer, issuerRegExp, subject, subjectRegExp, additionalExtensions = {} } = keyless;
  const { githubWorkflowRepository, ...others } = additionalExtensions;
  const repository =
    githubWorkflowRepository === undefined ? undefined : `https://github.com/${githubWorkflowRepository}`;
  const read = readIdentity(
    { issuer, issuerPattern: issuerRegExp, subject, subjectPattern: subjectRegExp },
    { clause, repository },
  );
  const more = Object.keys(others).map((name) =>
    looser(`${clause}.additionalExtensions.${name}`, 'it cannot be asked for here'),
  );
  return { signers: read.signers, remarks: [...read.remarks, ...more] };
}

function readKeys(keys: z.infer<typeof keysSchema> | undefined, clause: string): Omit<ReadEntries, 'isLogged'> {
  const { publicKeys, signatureAlgorithm } = keys ?? {};
  if (publicKeys?.includes('-----BEGIN') !== true) {
    return { signers: [], remarks: [stricter(clause, 'no key is in the file, so who is meant does not count')] };
  }
  const isUsual = signatureAlgorithm === undefined || signatureAlgorithm === 'sha256';
  return {
    signers: parseKeys(publicKeys, clause).map(({ sha256 }) => ({ key: sha256 })),
    remarks: isUsual ? [] : [looser(`${clause}.keys.signatureAlgorithm`, 'here every hash that is still good counts')],
  };
}

function writeRule(image: ImageRule, index: number, keys: ReadonlyMap<string, ShownKey>) {
  const { rule, pattern } = image;
  const written = writeSigners(image, keys, { saysRepository: true });
  const images = writeKyvernoPattern(pattern, rule.name);
  const isLogged = rule.require.transparency === true;
  const rekor = isLogged ? { rekor: { url: publicLog } } : { rekor: { ignoreTlog: true } };
  const isForced = !isLogged && written.identities.length > 0;
  const remarks = [
    ...written.remarks,
    ...images.remarks,
    ...(isForced ? [stricter(rule.name, 'identities must be in a log: nothing else proves when they signed')] : []),
  ];
  const attestors = [
    {
      count: 1,
      entries: [
        ...written.identities.map((identity) => ({
          keyless: { ...writeIdentity(identity), rekor: { url: publicLog } },
        })),
        ...written.keys.map(({ pem }) => ({
          keys: { publicKeys: pem, ...(isForced ? { rekor: { url: publicLog } } : rekor) },
        })),
      ],
    },
  ];
  if (attestors[0]?.entries.length === 0) {
    return {
      document: undefined,
      remarks: [...remarks, looser(rule.name, 'nothing of it can be said, so it is left out')],
    };
  }
  const check = {
    imageReferences: images.patterns,
    failureAction: rule.mode === 'enforce' ? 'Enforce' : 'Audit',
    ...{ required: true, mutateDigest: false, verifyDigest: rule.require.digest === 'deny', attestors },
    ...(asksProvenance(rule) && { attestations: [{ type: provenanceType, attestors }] }),
  };
  const document = {
    ...{ apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy' },
    metadata: { name: toLabel(rule.name, index), annotations: { [ruleAnnotation]: rule.name } },
    spec: {
      webhookTimeoutSeconds: 30,
      rules: [{ name: 'signers', match: { any: [{ resources: { kinds: ['Pod'] } }] }, verifyImages: [check] }],
    },
  };
  return { document, remarks };
}

function writeIdentity({ issuer, subject, repository }: WrittenIdentity) {
  return {
    issuer,
    ...('exact' in subject ? { subject: subject.exact } : { subjectRegExp: subject.pattern }),
    ...(repository !== undefined && { additionalExtensions: { githubWorkflowRepository: repository } }),
  };
}
