/** cosign's command lines, `verify` and `verify-attestation` (sigstore/cosign, doc/), as a script that is read and never run. */

import { quoteWord } from '@signpost/protocol/bytes/shell-word';
import type { PolicySigner } from '../policies/document.ts';
import { maxFileCharacters, refuseFile } from './foreign-text.ts';
import { readImage } from './image-pattern.ts';
import {
  asksProvenance,
  type Format,
  type ImagePolicy,
  type ImageRule,
  readAttestation,
  selectImageRules,
  toRules,
} from './image-policy.ts';
import { type AttachedFiles, parseKeys, type ShownKey } from './public-keys.ts';
import { looser, type Remark, stricter } from './remark.ts';
import { type CommandGroup, parseCommands } from './shell-words.ts';
import { readIdentity, type WrittenIdentity, writeSigners } from './signer-rules.ts';

const publicLog = 'https://rekor.sigstore.dev';

/** Options with a value that say who signs or what is asked for. */
const valued: ReadonlySet<string> = new Set([
  ...[
    'certificate-identity',
    'certificate-identity-regexp',
    'certificate-oidc-issuer',
    'certificate-oidc-issuer-regexp',
  ],
  ...['certificate-github-workflow-repository', 'key', 'type', 'rekor-url'],
]);
/** What narrows a check and is no question of the watch's. */
const unsaid: ReadonlySet<string> = new Set([
  ...['policy', 'annotations', 'a', 'certificate', 'certificate-chain', 'ca-roots', 'ca-intermediates', 'trusted-root'],
  ...[
    'timestamp-certificate-chain',
    'sct',
    'attachment',
    'payload',
    'signature',
    'signature-digest-algorithm',
    'sk',
    'slot',
  ],
  ...['trigger', 'sha', 'name', 'ref'].map((claim) => `certificate-github-workflow-${claim}`),
]);
const harmlessValues: ReadonlySet<string> = new Set([
  ...['output', 'o', 'output-file', 'max-workers', 'timeout', 't', 'registry-cacert', 'registry-client-cert'],
  ...[
    'registry-client-key',
    'registry-server-name',
    'registry-username',
    'registry-password',
    'registry-token',
    'attachment-tag-prefix',
  ],
]);
const switches: ReadonlySet<string> = new Set([
  ...[
    'offline',
    'new-bundle-format',
    'experimental-oci11',
    'k8s-keychain',
    'allow-http-registry',
    'allow-insecure-registry',
  ],
  ...['verbose', 'd', 'insecure-ignore-tlog', 'insecure-ignore-sct', 'private-infrastructure', 'check-claims'],
  ...['use-signed-timestamps', 'local-image'],
]);

/** The format. */
export const cosign: Format = {
  parse: (text, attached) => {
    if (text.length > maxFileCharacters)
      throw refuseFile(`expected a script of at most ${maxFileCharacters} characters`);
    const groups = parseCommands(text).filter(({ commands }) => commands[0]?.[0] !== 'set');
    if (groups.length === 0) throw refuseFile('expected a command such as cosign verify');
    const read = groups.map((group, index) => readGroup(group, { index, attached }));
    return toRules(
      mergeChecks(read.map(({ policy }) => policy)),
      read.flatMap(({ remarks }) => remarks),
    );
  },
  write: (rules, keys) => {
    const selected = selectImageRules(rules);
    const written = selected.rules.map((rule) => writeRule(rule, keys));
    const head =
      '#!/bin/sh\n# Written by signpost watch export. Put the tag or digest that you mean after each image.\nset -eu\n';
    const used = new Map(written.flatMap(({ keys: shown }) => shown.map(({ sha256, pem }) => [sha256, pem] as const)));
    return {
      files: [
        { name: 'verify.sh', text: [head, ...written.flatMap(({ lines }) => lines)].join('\n') },
        ...[...used].map(([sha256, pem]) => ({ name: keyFile(sha256), text: pem })),
      ],
      remarks: [...selected.remarks, ...written.flatMap(({ remarks }) => remarks)],
    };
  },
};

interface Read {
  readonly policy: ImagePolicy;
  readonly remarks: readonly Remark[];
}

function readGroup(
  { name, commands }: CommandGroup,
  { index, attached }: { readonly index: number; readonly attached: AttachedFiles },
): Read {
  const clause = name ?? `command ${index + 1}`;
  const read = commands.map((words, at) =>
    readCommand(words, { attached, clause: commands.length === 1 ? clause : `${clause}, alternative ${at + 1}` }),
  );
  const [first] = read;
  const isMixed = read.some(({ images, asks }) => images.join() !== first?.images.join() || asks !== first?.asks);
  if (!first || isMixed) throw refuseFile(`expected ${clause} to ask the same of the same images in each alternative`);
  const images = first.images.map((image) => readImage(image, clause));
  const logs = read.map(({ isLogged }) => isLogged);
  const policy: ImagePolicy = {
    ...{ name: clause, sources: images.flatMap(({ source }) => source ?? []), mode: 'enforce' },
    signers: read.flatMap(({ signers }) => signers),
    ...{ transparency: !logs.includes(false), provenance: first.asks === 'provenance', sbom: first.asks === 'sbom' },
  };
  const isUneven = logs.includes(true) && logs.includes(false);
  return {
    policy,
    remarks: [
      ...images.flatMap(({ remarks }) => remarks),
      ...read.flatMap(({ remarks }) => remarks),
      ...(isUneven ? [looser(clause, 'a log is asked of some signers there, and of none here')] : []),
    ],
  };
}

/** Checks of one image under one name are one rule where the same signers are meant. */
function mergeChecks(policies: readonly ImagePolicy[]): readonly ImagePolicy[] {
  const merged: ImagePolicy[] = [];
  for (const policy of policies) {
    const at = merged.findIndex((one) => isSameQuestion(one, policy));
    const before = merged[at];
    if (!before) {
      const isTaken = merged.some(({ name }) => name === policy.name);
      merged.push(isTaken ? { ...policy, name: `${policy.name} (${merged.length + 1})` } : policy);
      continue;
    }
    merged[at] = {
      ...before,
      transparency: before.transparency || policy.transparency,
      ...{ provenance: before.provenance || policy.provenance, sbom: before.sbom || policy.sbom },
    };
  }
  return merged;
}

function isSameQuestion(left: ImagePolicy, right: ImagePolicy): boolean {
  const textOf = ({ sources, signers }: ImagePolicy) => JSON.stringify([sources, signers]);
  return textOf(left) === textOf(right);
}

interface ReadCommand {
  readonly images: readonly string[];
  readonly signers: readonly PolicySigner[];
  readonly isLogged: boolean;
  readonly asks: 'provenance' | 'sbom' | undefined;
  readonly remarks: readonly Remark[];
}

function readCommand(
  words: readonly string[],
  { clause, attached }: { readonly clause: string; readonly attached: AttachedFiles },
): ReadCommand {
  const [program, verb, ...rest] = words;
  if (program !== 'cosign' || (verb !== 'verify' && verb !== 'verify-attestation')) {
    throw refuseFile(`expected cosign verify or cosign verify-attestation at ${clause}`);
  }
  const { options, images } = parseOptions(rest, clause);
  if (images.length === 0) throw refuseFile(`expected an image at ${clause}`);
  const who = readWho(options, { clause, attached });
  const isOn = (name: string) => options.get(name) === 'true';
  const attestation =
    verb === 'verify' ? undefined : readAttestation(options.get('type') ?? 'custom', { clause, isChecked: false });
  const log = (options.get('rekor-url') ?? publicLog).replace(/\/$/, '');
  return {
    ...{ images, signers: who.signers, asks: attestation?.asks },
    isLogged: !isOn('insecure-ignore-tlog') && !isOn('private-infrastructure'),
    remarks: [
      ...who.remarks,
      ...(attestation?.remarks ?? []),
      ...[...options.keys()]
        .filter((name) => unsaid.has(name))
        .map((name) => looser(`${clause} --${name}`, 'it cannot be asked for here')),
      ...(log === publicLog ? [] : [looser(`${clause} --rekor-url`, 'here every log of the trusted roots counts')]),
      ...(isOn('local-image') ? [looser(`${clause} --local-image`, 'the image is looked at in its registry')] : []),
      ...(isOn('use-signed-timestamps')
        ? [looser(`${clause} --use-signed-timestamps`, 'it cannot be asked for here')]
        : []),
      ...(isOn('insecure-ignore-sct')
        ? [stricter(`${clause} --insecure-ignore-sct`, 'what a certificate log says is never ignored')]
        : []),
      ...(options.get('check-claims') === 'false'
        ? [stricter(`${clause} --check-claims`, 'here a signature is of this very image')]
        : []),
    ],
  };
}

function parseOptions(words: readonly string[], clause: string) {
  const options = new Map<string, string>();
  const images: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const [, name, value] = /^--?([a-z0-9-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) {
      if (word.startsWith('-')) throw refuseFile(`expected an option at ${clause}, got ${word.slice(0, 40)}`);
      images.push(word);
      continue;
    }
    const takesValue = valued.has(name) || harmlessValues.has(name) || (unsaid.has(name) && name !== 'sk');
    if (!takesValue && !switches.has(name) && name !== 'sk')
      throw refuseFile(`nobody knows the option --${name} at ${clause}`);
    if (options.has(name) && valued.has(name)) throw refuseFile(`expected --${name} once at ${clause}`);
    const given = value ?? (takesValue ? words[++at] : 'true');
    if (given === undefined) throw refuseFile(`expected a value after --${name} at ${clause}`);
    options.set(name, given);
  }
  return { options, images };
}

function readWho(
  options: ReadonlyMap<string, string>,
  { clause, attached }: { readonly clause: string; readonly attached: AttachedFiles },
): { readonly signers: readonly PolicySigner[]; readonly remarks: readonly Remark[] } {
  const key = options.get('key');
  if (key !== undefined) {
    const file = attached.get(key);
    if (file === undefined)
      return {
        signers: [],
        remarks: [stricter(`${clause} --key`, `${key} is not attached, so who has it does not count`)],
      };
    return { signers: parseKeys(file, key).map(({ sha256 }) => ({ key: sha256 })), remarks: [] };
  }
  const slug = options.get('certificate-github-workflow-repository');
  return readIdentity(
    {
      issuer: options.get('certificate-oidc-issuer'),
      issuerPattern: options.get('certificate-oidc-issuer-regexp'),
      subject: options.get('certificate-identity'),
      subjectPattern: options.get('certificate-identity-regexp'),
    },
    { clause, repository: slug === undefined ? undefined : `https://github.com/${slug}` },
  );
}

function writeRule(image: ImageRule, keys: ReadonlyMap<string, ShownKey>) {
  const { rule, pattern } = image;
  const written = writeSigners(image, keys, { saysRepository: true });
  const isLogged = rule.require.transparency === true;
  const isForced = !isLogged && written.identities.length > 0;
  const remarks = [
    ...written.remarks,
    ...(isForced ? [stricter(rule.name, 'identities must be in a log: nothing else proves when they signed')] : []),
  ];
  const flags = [
    ...written.identities.map(writeIdentity),
    ...written.keys.map(({ sha256 }) => [
      '--key',
      keyFile(sha256),
      ...(isLogged || isForced ? [] : ['--insecure-ignore-tlog=true']),
    ]),
  ];
  if (pattern.includes('*') || flags.length === 0) {
    const why = flags.length === 0 ? 'nobody can be named' : 'cosign is asked about one image at a time';
    return { lines: [], keys: [], remarks: [...remarks, looser(rule.name, `${why}, so it is left out`)] };
  }
  const alternatives = (verb: readonly string[]) =>
    flags.map((words) => ['cosign', ...verb, ...words, pattern].map(quoteWord).join(' ')).join(' ||\n');
  const checks = [
    alternatives(['verify']),
    ...(asksProvenance(rule) ? [alternatives(['verify-attestation', '--type', 'slsaprovenance1'])] : []),
  ];
  return { lines: checks.map((check) => `# rule: ${rule.name}\n${check}\n`), keys: written.keys, remarks };
}

function keyFile(sha256: string): string {
  return `keys/${sha256}.pub`;
}

function writeIdentity({ issuer, subject, repository }: WrittenIdentity): readonly string[] {
  return [
    ...('exact' in subject
      ? ['--certificate-identity', subject.exact]
      : ['--certificate-identity-regexp', subject.pattern]),
    ...['--certificate-oidc-issuer', issuer],
    ...(repository === undefined ? [] : ['--certificate-github-workflow-repository', repository]),
  ];
}
