/// <reference types="node" preserve="true" />

export { createDirectory, errorReason } from './files/directory.ts';
export { openPipe } from './files/pipe.ts';
export { createSecretFile } from './files/secret-file.ts';
export { isDescriptor, isStandardError, isStandardOutput, tryStat } from './files/standard.ts';
