/** The thread that holds signatures against their keys, many at a time. */
import { parentPort } from 'node:worker_threads';
import { checkSignature, type PackedChecks, unpackChecks } from './signature-check.ts';

parentPort?.on('message', (packed: PackedChecks) => parentPort?.postMessage(unpackChecks(packed).map(checkSignature)));
