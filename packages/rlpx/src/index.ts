/// <reference types="node" preserve="true" />

export type { RlpxEvent } from './diagnostics.ts';
export { RlpxError, type RlpxErrorCode, type RlpxErrorReason } from './error.ts';
export { type Frame, frameLength } from './frame/frame.ts';
export { FrameOpener } from './frame/frame-opener.ts';
export { FrameSealer } from './frame/frame-sealer.ts';
export {
  acceptHandshake,
  initiateHandshake,
  type Secrets,
  type Session,
} from './handshake/handshake.ts';
export type { HandshakeOptions, HandshakeWire } from './handshake/handshake-packet.ts';
export type { RlpxOptions } from './options.ts';
export type { Address, Message } from './stream/message.ts';
export { type Addresses, accept, initiate } from './stream/open.ts';
export type { RlpxStream } from './stream/stream.ts';
