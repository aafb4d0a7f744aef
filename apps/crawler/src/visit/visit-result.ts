import type { Clock } from '@devp2p/clock';
import { type DisconnectReason, PeerError, type RemoteHello } from '@devp2p/peer';
import { RlpxError } from '@devp2p/rlpx';
import {
  type Endpoint,
  type EthStatus,
  hasReached,
  type NodeRecord,
  type NodeStatus,
  type Trust,
  type VisitStep,
} from '../model/node-record.ts';
import { ConnectError } from './dial.ts';
import { ProbeError } from './eth-probe.ts';

/** Called with each step as it is reached, and its duration in milliseconds. */
export type OnStep = (step: NodeStatus, ms: number) => void;

/** Result of a visit, filled in as the visit proceeds. A failed step does not remove earlier results. */
export class VisitResult {
  /** Start of the visit, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Steps that were reached, in order. */
  readonly steps: VisitStep[] = [];
  /** Endpoint at which the node was found; its previous endpoint if it was not found. */
  endpoint: Endpoint;
  trust: Trust;
  /** Text of its record, if it sent a newer one than the known one. */
  enr: string | undefined;
  /** Milliseconds from Ping to Pong. */
  ping: number | undefined;
  hello: RemoteHello | undefined;
  eth: EthStatus | undefined;
  disconnect: DisconnectReason | undefined;
  error: string | undefined;
  /** Ids of the neighbors that it reported. */
  neighbors: readonly Uint8Array[] = [];
  /** Whether most of those neighbors have the node's own address. */
  hasSharedAddress = false;
  /** Milliseconds until its address may be dialed, if the dial was postponed; otherwise 0. */
  dialDelay = 0;
  readonly #clock: Clock;
  readonly #onStep: OnStep;
  #stepStart: number;

  constructor(
    clock: Clock,
    { endpoint, trust }: Pick<NodeRecord, 'endpoint' | 'trust'>,
    onStep: OnStep = () => undefined,
    startedAt: number = clock.now(),
  ) {
    this.startedAt = startedAt;
    this.endpoint = endpoint;
    this.trust = trust;
    this.#clock = clock;
    this.#onStep = onStep;
    this.#stepStart = clock.monotonic();
  }

  /** Returns an empty result of the same visit at another endpoint. */
  at(location: Pick<NodeRecord, 'endpoint' | 'trust'>): VisitResult {
    return new VisitResult(this.#clock, location, this.#onStep, this.startedAt);
  }

  /** The furthest step that was reached. */
  get status(): NodeStatus {
    return this.steps.at(-1)?.step ?? 'discovered';
  }

  /** Whether the node offers eth; `undefined` without a Hello. */
  get supportsEth(): boolean | undefined {
    return this.hello?.capabilities.some(({ name }) => name === 'eth');
  }

  hasReached(step: NodeStatus): boolean {
    return hasReached(this.status, step);
  }

  /** Duration of a step in milliseconds, if it was reached. */
  duration(step: NodeStatus): number | undefined {
    return this.steps.find((reached) => reached.step === step)?.ms;
  }

  /** Restarts the time of the next step. */
  startStep(): void {
    this.#stepStart = this.#clock.monotonic();
  }

  /** Records a step; repeated calls for the same step are ignored. */
  reach(step: NodeStatus): void {
    if (this.steps.some((reached) => reached.step === step)) return;
    const now = this.#clock.monotonic();
    const ms = now - this.#stepStart;
    this.#stepStart = now;
    this.steps.push({ step, ms });
    this.#onStep(step, ms);
  }

  /** Records the Hello of the node. */
  setHello(hello: RemoteHello): void {
    this.hello = hello;
    this.reach('hello');
  }

  /** Records the error that ended the visit; the first one is kept. */
  fail(error: unknown): void {
    if (error instanceof PeerError) {
      if (error.direction === 'remote') this.disconnect ??= error.reason;
      // A refused Hello was received.
      if (error.hello !== undefined) this.setHello(error.hello);
    }
    this.error ??= errorClass(error);
  }
}

/** Returns class and code of the innermost error that identifies the failure. */
function errorClass(error: unknown): string {
  if (error instanceof ConnectError) return `tcp/${error.code}`;
  if (error instanceof RlpxError) return `rlpx/${error.code}`;
  if (error instanceof ProbeError) return `eth/${error.code}`;
  if (error instanceof PeerError) {
    const { code, cause, reason } = error;
    if ((code === 'stream' || code === 'protocol') && cause !== undefined) return errorClass(cause);
    return code === 'refused' ? `peer/${reason}` : `peer/${code}`;
  }
  return `other/${error instanceof Error ? error.name : typeof error}`;
}
