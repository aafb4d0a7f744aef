import type { Clock } from '@devp2p/clock';
import type { CloseReason } from '../connection.ts';
import { abortError } from '../error.ts';
import type { OutboundRequest, Target } from '../request.ts';

/** Creates an outbound request: without a target, its address is still to be chosen. */
export function newRequest<A, C>(
  id: number,
  kind: OutboundRequest<A, C>['kind'],
  target: Target<A> | undefined,
  createdAt: number,
): OutboundRequest<A, C> {
  return {
    id,
    kind,
    address: target?.address,
    ip: target?.ip,
    identity: target?.identity,
    target,
    permanent: false,
    retries: 0,
    state: { status: 'pending', step: target ? 'waiting' : 'choosing' },
    createdAt,
    isUseful: false,
    establishedAt: 0,
    attempt: undefined,
    timer: undefined,
    nextTarget: undefined,
    failuresBefore: 0,
  };
}

/** Sets the address of a request; `undefined` if another one is to be chosen. */
export function setTarget<A, C>(request: OutboundRequest<A, C>, target: Target<A> | undefined): void {
  request.target = target;
  request.address = target?.address;
  request.ip = target?.ip;
  request.identity = target?.identity;
}

/** Aborts the running choice or dial of a request, and its timer. */
export function interrupt<A, C>(request: OutboundRequest<A, C>, reason: CloseReason): void {
  const { attempt } = request;
  clearAttempt(request);
  attempt?.abort(abortError(reason));
}

/** Detaches the choice or dial of a request, whose result is ignored then, and cancels its timer. */
export function clearAttempt<A, C>(request: OutboundRequest<A, C>): void {
  request.timer?.cancel();
  request.timer = undefined;
  request.attempt = undefined;
}

/** Calls back after a delay in ms, unless the request is interrupted before. */
export function setTimer<A, C>(
  request: OutboundRequest<A, C>,
  clock: Clock,
  delay: number,
  callback: () => void,
): void {
  request.timer = clock.setTimeout(() => {
    request.timer = undefined;
    callback();
  }, delay);
}
