/** What this process checks and signs with. Like node:crypto's own pool it has one thread for it; nothing in it outlives a message. */
import { createSignatureChecks } from './checks.ts';
import { ThreadAtNeed } from './gathered-work.ts';
import { createSignings } from './signings.ts';

const thread = new ThreadAtNeed();

/** The checks of all requests. */
export const signatureChecks = createSignatureChecks(thread);

/** The signings of all certificates whose issuer's key is open in this process. */
export const signings = createSignings(thread);
