/** Asks one URL again and again until it is told to end, then hands over the milliseconds. Run as a child process. */
import { once } from 'node:events';
import { argv } from 'node:process';
import { measureLatencies } from './load.ts';

const latencies = await measureLatencies(argv[2] ?? '', once(process, 'message'));
process.send?.(latencies, () => process.disconnect());
