/// <reference types="node" preserve="true" />

export type { RlpxEvent } from './diagnostics.ts';
export { RlpxError, type RlpxErrorCode, type RlpxErrorReason } from './error.ts';
export { type Frame, frameLength } from './frame/frame.ts';
export { FrameDecoder } from './frame/frame-decoder.ts';
export { FrameEncoder } from './frame/frame-encoder.ts';
export {
  acceptHandshake,
  type FrameSecrets,
  type HandshakeSecrets,
  initiateHandshake,
} from './handshake/handshake.ts';
export type { HandshakeOptions, HandshakeWire } from './handshake/handshake-packet.ts';
export type { RlpxOptions } from './options.ts';
export type { Address, Message } from './stream/message.ts';
export { type Addresses, accept, initiate } from './stream/open.ts';
export type { RlpxStream } from './stream/stream.ts';
