import type { Log, LogFields, Logs } from '../logging/log.ts';

/** Data of an error, fields of a log line, or a state of the node: inputs of a hint besides its name. */
type Data = Readonly<Record<string, unknown>>;
type Hints = Readonly<Record<string, string | ((data: Data) => string | undefined)>>;

/** Flags that set port and address of each service. */
const portFlags: Readonly<Record<string, readonly [port: string, addr: string]>> = {
  p2p: ['--port', '--addr'],
  discovery: ['--discovery.port', '--addr'],
  http: ['--http.port', '--http.addr'],
  ws: ['--ws.port', '--ws.addr'],
  authrpc: ['--authrpc.port', '--authrpc.addr'],
  metrics: ['--metrics.port', '--metrics.addr'],
};

/** By the code of an error, or the field `code` of a log line. */
const codeHints: Hints = {
  'datadir-in-use': 'stop it, or choose another with --datadir',
  'datadir-unusable': ({ datadir }) => (datadir === undefined ? undefined : 'choose another with --datadir'),
  'no-file-locks': 'choose a file system that supports locks with --datadir',
  'stored-block': 'choose another --datadir, or other blocks with --eth.requiredblocks',
  'disk-space': 'free some, or choose another file system with --datadir',
  'receipts-not-stored': 'import a receipts file, which devp2p-node export --receipts writes, or sync from a peer',
  'network-not-executed': 'execute all of them, from the genesis on, with --sync.full',
  'genesis-accounts': 'name a genesis.json that has them with --genesis, or do not execute, with --no-exec',
  'public-listener': 'choose 127.0.0.1, or allow it with --dev.public',
  'other-genesis': 'choose another with --datadir',
  'static-self': 'remove it from --static and --trusted',
  'port-unavailable': portHint,
  'authrpc-unavailable': (data) => `${portHint(data)}, or switch it off with --no-authrpc`,
  'admin-exposed': ({ service }) => `remove admin from --${service}.api, or change --${service}.addr`,
  'consensus-client-missing': 'start one with the same JWT secret, or switch the port off with --no-authrpc',
};

const downloadHint = 'name a node that has it with --static, or more boot nodes with --bootnodes';
const chainHint = 'check --network, --genesis and --networkid';
const chainHints: Hints = {
  network: chainHint,
  genesis: chainHint,
  fork: chainHint,
  version: 'check --eth.versions',
};

/** By the name of a node's state. */
const stateHints: Hints = {
  'no-nodes-known': ({ discovery }) => `name some with ${discovery === true ? '--bootnodes or --static' : '--static'}`,
  'other-chains': ({ most }) => hintOf(chainHints, most, {}),
  'no-consensus-client': 'connect one to --authrpc.port',
  'no-head-named':
    'set one with --sync.target, name a node of yours with --static, or connect a consensus client to --authrpc.port',
  'headers-missing': downloadHint,
  'bodies-missing': downloadHint,
  'receipts-missing': downloadHint,
};

/** Hints for errors of the node. */
export function errorAdvice(error: unknown): string | undefined {
  const { code, data = {} } = error as { readonly code?: unknown; readonly data?: Data };
  const { problem } = data;
  return hintOf(codeHints, problem, data) ?? hintOf(codeHints, code, data);
}

/** Hints for states of the node. */
export function stateAdvice(state: { readonly name: string }): string | undefined {
  return hintOf(stateHints, state.name, { ...state });
}

/** A text with its hint, if there is one. */
export function withAdvice(text: string, advice: string | undefined): string {
  return advice === undefined ? text : `${text}; ${advice}`;
}

/** Adds hints to the lines of the node, which name a `code` or a `state`. */
export function adviseLogs(logs: Logs): Logs {
  return (module) => {
    const log = logs(module);
    const advised: Pick<Log, 'error' | 'warn' | 'info'> = {
      error: (fields, message) => log.error(fields, withAdvice(message, lineAdvice(fields))),
      warn: (fields, message) => log.warn(fields, withAdvice(message, lineAdvice(fields))),
      info: (fields, message) => log.info(fields, withAdvice(message, lineAdvice(fields))),
    };
    return {
      ...advised,
      debug: (fields, message) => log.debug(fields, message),
      trace: (fields, message) => log.trace(fields, message),
    };
  };
}

function lineAdvice(fields: LogFields): string | undefined {
  const { state, code } = fields;
  return hintOf(stateHints, state, fields) ?? hintOf(codeHints, code, fields);
}

function hintOf(hints: Hints, name: unknown, data: Data): string | undefined {
  const hint = typeof name === 'string' && Object.hasOwn(hints, name) ? hints[name] : undefined;
  return typeof hint === 'function' ? hint(data) : hint;
}

function portHint({ service, problem }: Data): string | undefined {
  const flags = portFlags[String(service)];
  if (flags === undefined) return undefined;
  const [port, addr] = flags;
  switch (problem) {
    case 'in-use':
      return `stop it, or choose another with ${port}`;
    case 'not-local':
      return `choose another with ${addr}`;
    case 'not-permitted':
      return `choose another with ${port}`;
    default:
      return `choose others with ${port} and ${addr}`;
  }
}
