/** Preloaded into every test process: the runner's own bookkeeping must not cost more than the tests. */
import { createHook } from 'node:async_hooks';

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
