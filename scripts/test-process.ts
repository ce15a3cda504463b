/** Preloaded into every test process: it ends, and neither loading nor the runner's own bookkeeping must cost more than the tests. */
import { createHook } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { registerHooks } from 'node:module';
import process from 'node:process';
import { createResolve } from '../packages/cli/src/module-resolution.ts';

registerHooks({ resolve: createResolve() });

// The runner waits for its processes without an end, and one in which a failed test left something open has none.
const limitMinutes = 15;
setTimeout(() => {
  console.error(`This process did not end in ${limitMinutes} minutes; open: ${process.getActiveResourcesInfo()}`);
  process.exit(1);
}, limitMinutes * 60_000).unref();

// A program that a failed test left running holds what this process prints to, for whose end the runner waits.
const children = new Set<ChildProcess>();
subscribe('child_process', (message) => {
  const { process: child } = message as { readonly process: ChildProcess };
  children.add(child);
  child.once('exit', () => children.delete(child));
});
process.once('exit', () => {
  for (const child of children) child.kill('SIGTERM');
});

// node:test keeps for each promise to which test it belongs, which is an eighth of all that our tests take. It is needed
// only to tell which test an error belongs to that nobody caught; without it such an error fails the file.
const [tracking, notTracking] = [createHook({}), createHook({ trackPromises: false })];
const ignoresPromises = Object.getOwnPropertySymbols(notTracking).find((name) => {
  return Reflect.get(notTracking, name) === true && Reflect.get(tracking, name) === false;
});
if (ignoresPromises !== undefined) {
  const prototype = Object.getPrototypeOf(tracking);
  const { enable } = prototype;
  prototype.enable = function enableWithoutPromises(this: object) {
    Reflect.set(this, ignoresPromises, true);
    return enable.call(this);
  };
}
