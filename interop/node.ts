import { fileURLToPath } from 'node:url';
import { Program } from './program.ts';

/** Path of our node. */
export const main: string = fileURLToPath(new URL('../apps/node/dist/main.js', import.meta.url));

/** Our node as a user runs it, on a free loopback port. */
export function startNode(
  datadir: string,
  { genesis, networkId, flags = [] }: { genesis: string; networkId: string; flags?: string[] },
): Program {
  return new Program('devp2p-node', process.execPath, [
    main,
    `--datadir=${datadir}`,
    `--genesis=${genesis}`,
    `--networkid=${networkId}`,
    '--addr=127.0.0.1',
    '--port=0',
    '--verbosity=debug',
    ...(flags.includes('--authrpc') ? [] : ['--no-authrpc']),
    ...flags,
  ]);
}

export async function enodeOf(node: Program): Promise<string> {
  const [, enode = ''] = await node.line(/^enode=(enode:\/\/\S+)/);
  return enode;
}
