export { concatBytes, equalBytes } from './bytes.ts';
export { fromHex, toHex } from './hex.ts';
