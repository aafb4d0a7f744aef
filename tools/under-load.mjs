// Runs a command beside busy loops: node tools/under-load.mjs [--loops N] COMMAND…
// Tests must not depend on the speed of the machine; this checks it.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';

/** Ends when its parent has ended, so that an interrupted run leaves no busy process behind. */
const busyLoop = `
  const parent = process.ppid;
  while (process.ppid === parent) for (let i = 0; i < 1e8; i++);
`;

const args = process.argv.slice(2);
const commandAt = args[0] === '--loops' ? 2 : 0;
const { values } = parseArgs({
  args: args.slice(0, commandAt),
  options: { loops: { type: 'string', default: String(2 * availableParallelism()) } },
});
const [command, ...rest] = args.slice(commandAt);
const loopCount = Number(values.loops);
if (command === undefined || !Number.isInteger(loopCount) || loopCount < 1) {
  console.error('usage: node tools/under-load.mjs [--loops N] COMMAND [ARGUMENT…]');
  process.exit(2);
}

const loops = Array.from({ length: loopCount }, () => spawn(process.execPath, ['-e', busyLoop], { stdio: 'ignore' }));
console.error(`${loopCount} busy loops beside: ${[command, ...rest].join(' ')}`);
// On Windows npm and npx are scripts, which only a shell starts.
const child = spawn(command, rest, { stdio: 'inherit', shell: process.platform === 'win32' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));

function stop(code) {
  for (const loop of loops) loop.kill('SIGKILL');
  process.exitCode = code;
}
child.on('error', (error) => {
  console.error(error.message);
  stop(1);
});
child.on('exit', (code) => stop(code ?? 1));
