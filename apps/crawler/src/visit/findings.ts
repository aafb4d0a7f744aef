import type { Clock } from '@devp2p/clock';
import { type DisconnectReason, PeerError, type RemoteHello } from '@devp2p/peer';
import { RlpxError } from '@devp2p/rlpx';
import { type EthStatus, hasReached, type NodeStatus } from '../model/node-record.ts';
import { ConnectError } from './dial.ts';
import { ProbeError } from './probe.ts';

/** What a visit has found so far. Nothing is taken back when a later step fails. */
export class Findings {
  /** Each step that was reached, with the ms that it took. */
  readonly steps: { readonly step: NodeStatus; readonly ms: number }[] = [];
  hello: RemoteHello | undefined;
  eth: EthStatus | undefined;
  disconnect: DisconnectReason | undefined;
  error: string | undefined;
  readonly #clock: Clock;
  readonly #onStep: (step: NodeStatus, ms: number) => void;
  #since: number;

  constructor(clock: Clock, onStep: (step: NodeStatus, ms: number) => void = () => undefined) {
    this.#clock = clock;
    this.#onStep = onStep;
    this.#since = clock.monotonic();
  }

  /** The furthest step that was reached. */
  get status(): NodeStatus {
    return this.steps.at(-1)?.step ?? 'discovered';
  }

  /** Something else than a step begins. */
  begin(): void {
    this.#since = this.#clock.monotonic();
  }

  /** A step was reached; counted once. */
  reach(step: NodeStatus): void {
    if (this.steps.some((reached) => reached.step === step)) return;
    const now = this.#clock.monotonic();
    const ms = now - this.#since;
    this.#since = now;
    this.steps.push({ step, ms });
    this.#onStep(step, ms);
  }

  /** A later step failed. The first reason is the one that counts. */
  fail(error: unknown): void {
    if (error instanceof PeerError) {
      if (error.direction === 'remote') this.disconnect ??= error.reason;
      // Nothing but a Hello is refused, so there was one.
      if (error.hello !== undefined) this.meet(error.hello);
    }
    this.error ??= errorClass(error);
  }

  /** It said Hello. */
  meet(hello: RemoteHello): void {
    this.hello = hello;
    this.reach('hello');
  }

  /** ms of a step, if it was reached. */
  time(step: NodeStatus): number | undefined {
    return this.steps.find((reached) => reached.step === step)?.ms;
  }

  hasReached(step: NodeStatus): boolean {
    return hasReached(this.status, step);
  }
}

/** Class and code of an error; the innermost that says what happened. */
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
