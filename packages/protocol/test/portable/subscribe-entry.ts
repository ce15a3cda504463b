/** What a page bundles to listen. */
export { subscribe } from '@signpost/protocol/client/subscribe/subscribe';
