import { type CloseReason, ConnManagerError } from '@devp2p/connmgr';
import type { DisconnectReason } from '@devp2p/peer';

/** Reasons of Disconnect, by the reason of the connection manager. */
const reasons: Readonly<Record<CloseReason, DisconnectReason>> = {
  requested: 'requested',
  canceled: 'requested',
  tested: 'requested',
  stopping: 'quitting',
  'network-off': 'quitting',
  timeout: 'read-timeout',
  displaced: 'too-many-peers',
  evicted: 'too-many-peers',
  rotated: 'too-many-peers',
  throttled: 'too-many-peers',
  'too-many-inbound': 'too-many-peers',
  banned: 'useless-peer',
  discouraged: 'useless-peer',
  'not-permitted': 'useless-peer',
  'already-connected': 'already-connected',
  'connected-to-self': 'connected-to-self',
};

export function disconnectReason(reason: CloseReason): DisconnectReason {
  return reasons[reason];
}

/** The same for the abort reasons of the connection manager's signals. */
export function abortReason({ reason }: AbortSignal): DisconnectReason {
  const code = reason instanceof ConnManagerError ? reason.code : undefined;
  return (code !== undefined && reasons[code as CloseReason]) || 'requested';
}
