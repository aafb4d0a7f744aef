export { concatBytes, equalBytes, isZero } from './bytes.ts';
export { fromHex, toHex } from './hex.ts';
