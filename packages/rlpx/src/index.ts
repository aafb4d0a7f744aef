export type { RlpxEvent } from './diagnostics.ts';
export { RlpxError, type RlpxErrorCode } from './error.ts';
export { type Frame, FrameOpener, FrameSealer, frameLength } from './frame.ts';
export {
  acceptHandshake,
  type HandshakeOptions,
  type HandshakeWire,
  initiateHandshake,
  type Secrets,
  type Session,
} from './handshake.ts';
export type { Address, Message } from './message.ts';
export { type Addresses, accept, initiate } from './open.ts';
export type { RlpxOptions } from './options.ts';
export type { RlpxStream } from './stream.ts';
