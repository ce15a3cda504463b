/** The thread that holds signatures against their keys, many at a time. */
import { parentPort } from 'node:worker_threads';
import { checkSignature, type SignatureCheck } from './signature-check.ts';

parentPort?.on('message', (checks: readonly SignatureCheck[]) => parentPort?.postMessage(checks.map(checkSignature)));
