/// <reference types="node" preserve="true" />

export type { RlpxEvent } from './diagnostics.ts';
export { RlpxError, type RlpxErrorCode, type RlpxErrorReason } from './error.ts';
export { type Frame, frameLength } from './frame.ts';
export { FrameOpener } from './frame-opener.ts';
export { FrameSealer } from './frame-sealer.ts';
export {
  acceptHandshake,
  initiateHandshake,
  type Secrets,
  type Session,
} from './handshake.ts';
export type { HandshakeOptions, HandshakeWire } from './handshake-packet.ts';
export type { Address, Message } from './message.ts';
export { type Addresses, accept, initiate } from './open.ts';
export type { RlpxOptions } from './options.ts';
export type { RlpxStream } from './stream.ts';
