import { main } from './node.ts';
import { Program } from './program.ts';

/** A development chain of ours that serves JSON-RPC, as a user runs it. */
export interface DevNode {
  readonly http: string;
  readonly ws: string;
  /** Private keys of accounts with ether, as hex. */
  readonly keys: readonly `0x${string}`[];
  readonly program: Program;
  stop(): Promise<void>;
}

/** Starts one with a temporary directory, on free ports; a block is made each second. */
export async function startDevNode(): Promise<DevNode> {
  const program = new Program('devp2p-node dev', process.execPath, [
    main,
    'dev',
    // Clients wait for the next block, also after that of their transaction.
    '--period=1',
    '--port=0',
    '--http',
    '--http.port=0',
    '--ws',
    '--ws.port=0',
    '--http.api=eth,net,web3',
    '--ws.api=eth,net,web3',
  ]);
  const [, http = ''] = await program.line(/http server started endpoint=(\S+)/);
  const [, ws = ''] = await program.line(/ws server started endpoint=(\S+)/);
  const keys: `0x${string}`[] = [];
  for (let i = 0; i < 4; i++) {
    const [, key = ''] = await program.line(new RegExp(`^account=${i} address=\\S+ key=0x([0-9a-f]+)`));
    keys.push(`0x${key}`);
  }
  return { http: `http://${http}`, ws: `ws://${ws}`, keys, program, stop: () => program.stop() };
}

/** Code of a contract that writes the first word of its calldata to slot 1, logs it with a topic, and returns slot 1. */
const runtime = '5f35806001555f5260aa60205fa160015460005260206000f3';

/** Init code of that contract. */
export const initCode = `0x60${(runtime.length / 2).toString(16)}80600b5f395ff30000${runtime}` as const;

/** The topic of its logs. */
export const topic = `0x${'aa'.padStart(64, '0')}` as const;
