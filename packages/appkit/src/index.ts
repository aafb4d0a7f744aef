/// <reference types="node" preserve="true" />

export { errorText } from './error-text.ts';
export { inspectable, type ToJson } from './inspectable.ts';
export { clientId, readVersion } from './version.ts';
