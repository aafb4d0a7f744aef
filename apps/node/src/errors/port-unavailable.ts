import { errorText } from '@devp2p/appkit';
import { type PortProblem, portProblem } from '@devp2p/appkit/http';
import { NodeError } from './node-error.ts';

/** A socket of the node. */
export type PortService = 'p2p' | 'discovery' | 'http' | 'ws' | 'authrpc' | 'metrics';

/** A port that was to be listened on. */
export interface WantedPort {
  readonly service: PortService;
  readonly host: string;
  readonly port: number;
}

const names: Readonly<Record<PortService, string>> = {
  p2p: 'port',
  discovery: 'UDP port',
  http: 'http port',
  ws: 'ws port',
  authrpc: 'authrpc port',
  metrics: 'metrics port',
};

/** The error of a socket that cannot be bound; `service`, `host`, `port` and `problem` are in its data. */
export function portUnavailable(error: unknown, wanted: WantedPort): NodeError {
  const { service, host, port } = wanted;
  const problem = portProblem(error);
  const where = `${names[service]} ${port} on ${host}`;
  const texts: Readonly<Record<PortProblem, string>> = {
    'in-use': `${where} is in use by another program`,
    'not-local': `cannot listen on ${where}: ${host} is not an address of this machine`,
    'not-permitted': `cannot listen on ${where}: permission denied`,
    other: `cannot listen on ${where}: ${errorText(error)}`,
  };
  return new NodeError('port-unavailable', texts[problem], {
    cause: error,
    data: { service, host, port, problem },
  });
}
