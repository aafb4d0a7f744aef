import { createVirtualClock } from '@devp2p/clock/virtual';
import type { ExternalEndpoint } from '@devp2p/discover';
import type { LogFields } from '../../src/logging/log.ts';
import type { LocalNetwork } from '../../src/nat/local-network.ts';
import { keepPortsMapped, type PortMapperOptions } from '../../src/nat/port-mapper.ts';

/** Ports 30303 and 30304 kept mapped in a network, on a virtual clock. */
export interface Mapped extends AsyncDisposable {
  readonly clock: ReturnType<typeof createVirtualClock>;
  /** All announced endpoints. */
  readonly endpoints: readonly (ExternalEndpoint | undefined)[];
  /** Messages logged at level info or above. */
  readonly lines: readonly string[];
  /** Fields of those log lines. */
  readonly fields: readonly LogFields[];
  /** Waits for the next pause of the mapper. @returns its length in ms */
  pause(): Promise<number>;
  close(): Promise<void>;
}

export function mapped(network: LocalNetwork, options: Partial<PortMapperOptions> = {}): Mapped {
  const clock = createVirtualClock();
  const endpoints: (ExternalEndpoint | undefined)[] = [];
  const lines: string[] = [];
  const fields: LogFields[] = [];
  const pauses: number[] = [];
  let onPause = (): void => {};
  const line = (data: LogFields, message: string): void => {
    fields.push(data);
    lines.push(message);
  };
  const mapper = keepPortsMapped({
    method: 'any',
    host: '0.0.0.0',
    network,
    ports: [
      { protocol: 'tcp', port: 30303 },
      { protocol: 'udp', port: 30304 },
    ],
    onChange: (endpoint) => void endpoints.push(endpoint),
    clock: {
      ...clock,
      setTimeout(callback, ms) {
        // The timeouts of gateways are shorter.
        if (ms >= 15_000) {
          pauses.push(ms);
          onPause();
        }
        return clock.setTimeout(callback, ms);
      },
    },
    random: (length) => new Uint8Array(length).fill(9),
    log: { error: line, warn: line, info: line, debug: () => {}, trace: () => {} },
    ...options,
  });
  return {
    clock,
    endpoints,
    lines,
    fields,
    async pause() {
      while (pauses.length === 0) {
        await new Promise<void>((resolve) => {
          onPause = resolve;
        });
      }
      return pauses.shift() ?? 0;
    },
    close: mapper.close,
    [Symbol.asyncDispose]: mapper.close,
  };
}
