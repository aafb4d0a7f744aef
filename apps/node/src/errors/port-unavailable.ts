import { errorText } from '../logging/log.ts';
import { NodeError } from './node-error.ts';

/** A socket of the node. */
export type PortService = 'p2p' | 'discovery' | 'http' | 'ws' | 'authrpc' | 'metrics';

/** Why a port cannot be used. */
type PortProblem = 'in-use' | 'not-local' | 'not-permitted' | 'other';

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

const problems: Readonly<Record<string, PortProblem>> = {
  EADDRINUSE: 'in-use',
  EADDRNOTAVAIL: 'not-local',
  EACCES: 'not-permitted',
};

/** The error of a socket that cannot be bound; `service`, `host`, `port` and `problem` are in its data. */
export function portUnavailable(error: unknown, wanted: WantedPort): NodeError {
  const { service, host, port } = wanted;
  const problem = problems[String(systemCode(error))] ?? 'other';
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

/** Code of the innermost cause. */
function systemCode(error: unknown): unknown {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return cause === undefined ? code : systemCode(cause);
}
