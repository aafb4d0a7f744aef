import { Level } from 'level';
import { NodeError, type NodeErrorCode } from './error.ts';
import { errorText } from './log.ts';

/**
 * Opens a LevelDB, which is made if need be. For what is found anew when it is removed: some tens of thousands of small
 * entries at most, so that LevelDB's own buffer sizes do.
 *
 * @throws NodeError with the code; `remedy` says what becomes of it.
 */
export async function openLevel(
  location: string,
  code: NodeErrorCode,
  { name, remedy }: { readonly name: string; readonly remedy: string },
): Promise<Level<string, Uint8Array>> {
  const level = new Level<string, Uint8Array>(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
  });
  try {
    await level.open();
  } catch (error) {
    throw new NodeError(
      code,
      `${name} ${location} cannot be opened (${errorText(error)}): ${remedy}`,
      { cause: error },
    );
  }
  return level;
}
