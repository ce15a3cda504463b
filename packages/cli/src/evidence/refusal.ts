/** Refusals of evidence: exit code 1, as programs for Sigstore have it. */
import { TrustError, type TrustErrorCode } from '@signpost/protocol/errors';
import type { CommandSpec } from '../command.ts';
import { Failure } from '../terminal/failure.ts';

const hints: Partial<Record<TrustErrorCode, string>> = {
  identity_mismatch: '`signpost inspect BUNDLE` shows who is said to have signed',
  digest_mismatch: 'the bundle is about another file',
  subject_mismatch: 'the bundle is about another file: `signpost inspect BUNDLE` shows which',
  log_untrusted: 'the bundle may be of another instance of Sigstore than the trusted root',
  certificate_untrusted: 'the bundle may be of another instance of Sigstore than the trusted root',
  source_replayed: '--allow-older REASON takes it on purpose, and records why',
  trusted_root_invalid: 'take the trusted root from its source again',
};

/** `run` with refusals of evidence as failures of reason `refused`; their codes stay. */
export function refuseUnverified(run: CommandSpec['run']): CommandSpec['run'] {
  return async (invocation) => {
    try {
      return await run(invocation);
    } catch (error) {
      if (!(error instanceof TrustError) || error.code === 'fetch_failed') throw error;
      const { code, message } = error;
      throw new Failure('refused', `${code}: ${message}`, { code, hint: hints[code], cause: error });
    }
  };
}
