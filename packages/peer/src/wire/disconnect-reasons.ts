import type { Rule } from '@devp2p/options';
import { Reader } from '@devp2p/rlp';

/** Reasons of the p2p Disconnect message and their numbers (devp2p rlpx.md, "Disconnect (0x01)"). */
export const disconnectReasons = {
  requested: 0x00,
  'tcp-error': 0x01,
  'breach-of-protocol': 0x02,
  'useless-peer': 0x03,
  'too-many-peers': 0x04,
  'already-connected': 0x05,
  'incompatible-version': 0x06,
  'invalid-identity': 0x07,
  quitting: 0x08,
  'unexpected-identity': 0x09,
  'connected-to-self': 0x0a,
  'read-timeout': 0x0b,
  'subprotocol-error': 0x10,
} as const;

/** Name of a Disconnect reason. */
export type DisconnectReason = keyof typeof disconnectReasons;

const names = new Map<unknown, DisconnectReason>(
  (Object.keys(disconnectReasons) as DisconnectReason[]).map((name) => [disconnectReasons[name], name]),
);

/** Whether `value`, for example the `reason` of an error, is the name of a reason. */
export function isDisconnectReason(value: unknown): value is DisconnectReason {
  return typeof value === 'string' && Object.hasOwn(disconnectReasons, value);
}

/** Rule of a reason that a caller passes. */
export const reasonRule: Rule = {
  expected: `a DisconnectReason: ${Object.keys(disconnectReasons).join(', ')}`,
  fits: isDisconnectReason,
};

/** Encodes the payload of Disconnect: a list of one integer. */
export function encodeDisconnect(reason: DisconnectReason): Uint8Array {
  const number = disconnectReasons[reason];
  return Uint8Array.of(0xc1, number === 0 ? 0x80 : number);
}

/**
 * Decodes the payload of Disconnect in every form that clients send: a list, an integer or empty,
 * with Snappy or without. A malformed payload is accepted, since the message itself ends the peer.
 *
 * @returns `undefined` for a malformed payload or a reason without a name.
 */
export function decodeDisconnect(payload: Uint8Array): DisconnectReason | undefined {
  if (payload.length === 0) return 'requested';
  return names.get(readNumber(payload) ?? readNumber(literal(payload)));
}

function readNumber(payload: Uint8Array): number | undefined {
  try {
    const reader = new Reader(payload);
    const isList = reader.isList();
    if (isList) reader.enterList();
    const digits = isList && reader.done ? new Uint8Array() : reader.string();
    // Further items of the list are ignored. Bytes after the first item of the payload are not RLP.
    const end = isList ? reader.end : reader.position;
    if (end !== payload.length || digits.length > 1) return undefined;
    return digits[0] ?? 0;
  } catch {
    return undefined;
  }
}

/** Content of a Snappy block of one short literal: length, tag, literal. Empty for any other input. */
function literal(payload: Uint8Array): Uint8Array {
  const length = payload.length - 2;
  const isLiteral = payload[0] === length && payload[1] === (length - 1) << 2;
  return length > 0 && length <= 60 && isLiteral ? payload.subarray(2) : payload.subarray(0, 0);
}
