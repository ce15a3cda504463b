/** Preloaded into every test process: it ends, and neither loading nor the runner's own bookkeeping must cost more than the tests. */
import { createHook } from 'node:async_hooks';
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
