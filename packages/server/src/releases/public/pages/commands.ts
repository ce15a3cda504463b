/** Commands by which anybody verifies a file, to be copied as they stand; a test runs them. */
import { quoteFile, quoteWord } from '@signpost/protocol/bytes/shell-word';
import type { RootSet } from '@signpost/protocol/updates/trust-list';

/** What is verified, and where it comes from. */
export interface Target {
  readonly base: string;
  readonly slug: string;
  readonly channel: string;
  readonly file: { readonly name: string; readonly url: string; readonly sha256: string };
}

/** Downloads the file under its own name. */
export function writeDownload({ base, file }: Target): string {
  return `curl --fail --location --output ${quoteWord(file.name)} ${quoteWord(base + file.url)}`;
}

/** Downloads the file by our own command, which shows it once the whole chain has held. */
export function writeVerifiedDownload(target: Target, roots: RootSet): string {
  return writeCommand(`signpost download ${target.slug} --file ${quoteWord(target.file.name)}`, target, roots);
}

/** The whole chain for a file that is here already, by our own command. */
export function writeVerify(target: Target, roots: RootSet): string {
  return writeCommand(`signpost verify ${quoteFile(target.file.name)} --project ${target.slug}`, target, roots);
}

function writeCommand(start: string, { base, channel }: Target, { keys, threshold }: RootSet): string {
  const parts = [
    start,
    ...(channel === 'stable' ? [] : [`--channel ${channel}`]),
    `--server ${quoteWord(base)}`,
    ...keys.map(({ pubkeyB64 }) => `--root ${quoteWord(pubkeyB64)}`),
    ...(keys.length > 1 ? [`--threshold ${threshold}`] : []),
  ];
  return parts.join(' \\\n  ');
}

/** The signature of a build: what the bundle says, then whether it is so. */
export function writeBundle({ base, file }: Target, bundleUrl: string): string {
  const bundle = quoteWord(`${file.name}.bundle`);
  return [
    `curl --fail --output ${bundle} ${quoteWord(base + bundleUrl)}`,
    `signpost inspect ${bundle}`,
    `signpost verify ${quoteWord(file.name)} --bundle ${bundle} --server ${quoteWord(base)} \\`,
    '  --certificate-identity NAME --certificate-oidc-issuer ISSUER',
  ].join('\n');
}

// RFC 8410, section 4: SubjectPublicKeyInfo of an Ed25519 key, up to its 32 bytes; octal, since every printf knows that.
const keyPrefix = '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000';

/** The chain by tools that every Unix has or can have. Ends at the first step that fails, without ending the shell. */
export function writeOpenssl({ base, slug, channel, file }: Target, rootKey: string): string {
  const manifest = channel === 'stable' ? 'manifest' : `channels/${channel}/manifest`;
  return `(set -e
key() { { printf '${keyPrefix}'; printf %s "$1" | base64 -d; } > key.der; }
signed() { openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in "$1.signed" -sigfile "$1.sig"; }
curl --fail --silent --show-error --output trust.json ${quoteWord(`${base}/api/signing/trust`)}
curl --fail --silent --show-error --output manifest.json ${quoteWord(`${base}/api/projects/${slug}/${manifest}`)}
for name in trust manifest; do
  jq --compact-output --join-output ".$name" $name.json > $name.signed
  jq --raw-output .signature $name.json | base64 -d > $name.sig
done
key ${quoteWord(rootKey)}
signed trust
id=$(jq --raw-output .manifest.key_id manifest.json)
jq --exit-status --arg id "$id" '.trust.expires_at > (now | todate) and all(.trust.revoked_keys[]; .key_id != $id)' trust.json
key "$(jq --raw-output --arg id "$id" '(now | todate) as $now | .trust.valid_keys[] | select(.key_id == $id
  and any(.scope[]; . == "*" or . == "project:${slug}") and (.not_before // "") <= $now and (.not_after // "9999") > $now) | .pubkey_b64' trust.json)"
signed manifest
jq --exit-status --arg name ${quoteWord(file.name)} '.manifest | .project == "${slug}" and .expires_at > (now | todate) and any(.artifacts[]; .name == $name)' manifest.json
jq --raw-output --arg name ${quoteWord(file.name)} '.manifest.artifacts[] | select(.name == $name) | .sha256 + "  " + .name' manifest.json | sha256sum --check
jq --raw-output .manifest.expires_at manifest.json)`;
}

/** The digest alone, by what each system has. */
export function writeDigest({ name, sha256 }: Target['file']): Readonly<Record<'linux' | 'mac' | 'windows', string>> {
  const line = quoteWord(`${sha256}  ${name}`);
  return {
    linux: `echo ${line} | sha256sum --check`,
    mac: `echo ${line} | shasum -a 256 --check`,
    windows: `(Get-FileHash ${quoteForPowerShell(name)} -Algorithm SHA256).Hash -eq '${sha256}'`,
  };
}

/** A word of PowerShell, which takes typographic quotes for its own (about_Quoting_Rules). */
function quoteForPowerShell(word: string): string {
  return `'${word.replaceAll(/['\u2018-\u201b]/g, '$&$&')}'`;
}
