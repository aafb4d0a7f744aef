export { type Enode, formatEnode, type ParseEnodeOptions, parseEnode } from './enode/enode.ts';
export { EnodeError, type EnodeErrorCode } from './enode/enode-error.ts';
export { type CryptoOptions, isOnCurve, type NodeId, nodeIdHash } from './enode/node-id.ts';
export type { Enr } from './record/enr.ts';
export { decodeEnr, formatEnr, maxEnrLength, parseEnr } from './record/enr-decode.ts';
export { type EnodeFromEnrOptions, enodeFromEnr, enrContentFromEnode } from './record/enr-enode.ts';
export { EnrError, type EnrErrorCode } from './record/enr-error.ts';
export type { EnrEntries, EthEntry } from './record/enr-pairs.ts';
export { type EnrContent, type SignEnrOptions, signEnr, updateEnr } from './record/enr-sign.ts';
