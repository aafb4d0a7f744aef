import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** A commit in a temporary work tree of its own, with the packages of its own lock file, built. */
export interface WorkTree {
  readonly folder: string;
  /** Short hash of the commit. */
  readonly commit: string;
  remove(): void;
}

/**
 * The commit of the work tree.
 *
 * @param repository any folder in the work tree
 * @returns its short hash, and whether files differ from it
 */
export function currentCommit(repository: string): { commit: string; isChanged: boolean } {
  return {
    commit: git(repository, ['rev-parse', '--short', 'HEAD']),
    isChanged: git(repository, ['status', '--porcelain']) !== '',
  };
}

/**
 * Checks a commit out, installs its dependencies and builds its benchmarks.
 *
 * The work tree is removed by `remove`, and when the process ends by itself, by SIGINT or by SIGTERM.
 *
 * @param repository any folder in the repository
 * @param ref a commit, branch or tag
 * @param progress called with a line before each step
 * @throws RangeError when there is no such commit
 */
export async function buildCommit(
  repository: string,
  ref: string,
  progress: (line: string) => void,
): Promise<WorkTree> {
  const commit = findCommit(repository, ref);
  const folder = mkdtempSync(join(tmpdir(), 'devp2p-against-'));
  let running: ChildProcess | undefined;
  const remove = () => {
    process.off('exit', remove);
    for (const [signal, handler] of handlers) process.off(signal, handler);
    try {
      git(repository, ['worktree', 'remove', '--force', folder]);
    } catch {
      // The work tree is incomplete: git keeps no entry once the folder is gone.
      rmSync(folder, { recursive: true, force: true });
      git(repository, ['worktree', 'prune']);
    }
  };
  const handlers = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const handler = () => {
      const end = () => process.exit(128 + constants.signals[signal]);
      if (running === undefined) return end();
      running.removeAllListeners('close').once('close', end);
      killGroup(running);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  process.on('exit', remove);

  const run = (command: string, ...args: string[]) => {
    return new Promise<void>((done, fail) => {
      progress(`${commit}: ${command} ${args.join(' ')}`);
      // With a group of its own, since npm does not end its children.
      running = spawn(command, args, {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: process.platform !== 'win32',
        shell: process.platform === 'win32',
      });
      const output: Buffer[] = [];
      for (const stream of [running.stdout, running.stderr]) {
        stream?.on('data', (chunk: Buffer) => output.push(chunk));
      }
      running.on('error', fail);
      running.on('close', (code) => {
        running = undefined;
        if (code === 0) return done();
        const text = Buffer.concat(output).toString().trimEnd();
        fail(new Error(`${text}\n${commit}: ${command} ${args.join(' ')} failed`));
      });
    });
  };

  try {
    git(repository, ['worktree', 'add', '--detach', folder, commit]);
    await run('npm', 'ci', '--prefer-offline', '--no-audit', '--no-fund');
    await run('npm', 'run', 'build', '--', '@devp2p/bench');
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, commit, remove };
}

function killGroup(child: ChildProcess): void {
  if (process.platform === 'win32' || child.pid === undefined) child.kill();
  else process.kill(-child.pid);
}

/**
 * Finds a commit.
 *
 * @param repository any folder in the repository
 * @param ref a commit, branch or tag
 * @returns its short hash
 * @throws RangeError when there is no such commit
 */
export function findCommit(repository: string, ref: string): string {
  try {
    return git(repository, ['rev-parse', '--short', '--verify', '--end-of-options', `${ref}^{commit}`]);
  } catch {
    throw new RangeError(`bad value "${ref}" for --against: not a commit of this repository`);
  }
}

function git(cwd: string, args: readonly string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: 'pipe' }).trim();
}
