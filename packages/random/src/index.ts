export { RandomError, type RandomErrorCode } from './error.ts';
export { type RandomBytes, randomBytes } from './random-bytes.ts';
export { createRandomSource, type RandomSource } from './random-source.ts';
