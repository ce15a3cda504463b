/** Svelte's runes and its files, for checkers that know TypeScript alone. */
/// <reference types="svelte" />
