/** An offline root of one key, held by the test: signs trust lists as `signpost root sign` does, without its questions. */
import { createKeyPair, type Signer } from '@signpost/protocol/keys/ed25519';
import { signEnvelope } from '@signpost/protocol/updates/envelope';
import type { RevokedKey } from '@signpost/protocol/updates/trust-list';
import {
  createTrustListDocument,
  type TrustedKeyFields,
  type TrustedLogFields,
} from '@signpost/protocol/updates/write-trust-list';

/** A key as the server names it. */
export interface ListedKey {
  readonly key_id: string;
  readonly pubkey_b64: string;
  readonly custody?: 'server' | 'maintainer';
  readonly not_after?: string | null;
}

/** What the next list says. */
export interface ListTerms {
  readonly valid: readonly ListedKey[];
  readonly revoked?: readonly ListedKey[];
  /** Keys that vouch for channel keys. */
  readonly push?: readonly ListedKey[];
  /** The transparency log that every release must be in. */
  readonly log?: TrustedLogFields;
  /** How many maintainers must sign, by project. */
  readonly approvals?: Readonly<Record<string, number>>;
}

const yearMs = 365 * 86_400_000;

/** The root and the number of its last list. */
export class OfflineRoot {
  readonly pubkeyB64: string;
  readonly #signer: Signer;
  #version = 0;

  private constructor(signer: Signer) {
    this.pubkeyB64 = signer.pubkeyB64;
    this.#signer = signer;
  }

  /** Makes a new root. */
  static async create(): Promise<OfflineRoot> {
    return new OfflineRoot((await createKeyPair()).signer);
  }

  /** The same root, which counts its lists by itself from here. */
  copy(): OfflineRoot {
    const copy = new OfflineRoot(this.#signer);
    copy.#version = this.#version;
    return copy;
  }

  /** The envelope of the next list, each key valid for every project. */
  async signNextList({
    valid,
    revoked = [],
    push = [],
    log,
    approvals = {},
  }: ListTerms): Promise<{ version: number; envelope: string }> {
    this.#version += 1;
    const now = Date.now();
    const document = createTrustListDocument({
      version: this.#version,
      issuedAt: now,
      expiresAt: now + 2 * yearMs,
      roots: { keys: [this.#signer], threshold: 1 },
      validKeys: valid.map(trustKey),
      pushKeys: push.map(trustKey).map(({ custody: _custody, scope: _scope, ...pushKey }) => pushKey),
      log,
      revokedKeys: revoked.map((key): RevokedKey => revokeKey(key, now)),
      projects: Object.entries(approvals).map(([project, count]) => ({ project, approvals: count, counterEpoch: 0 })),
    });
    return { version: this.#version, envelope: await signEnvelope('trust', document, [this.#signer]) };
  }
}

function trustKey({ key_id, pubkey_b64, custody = 'server', not_after }: ListedKey): TrustedKeyFields {
  return {
    key: { keyId: key_id, pubkeyB64: pubkey_b64 },
    label: `key ${key_id.slice(0, 8)}`,
    custody,
    scope: ['*'],
    notBefore: undefined,
    notAfter: not_after ? Date.parse(not_after) : undefined,
  };
}

function revokeKey({ key_id, pubkey_b64 }: ListedKey, now: number): RevokedKey {
  return {
    keyId: key_id,
    pubkeyB64: pubkey_b64,
    reason: 'rotated by a test',
    revokedAt: now,
    effectiveFrom: undefined,
  };
}
