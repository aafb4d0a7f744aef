// Compiles assembly/keccak.ts into a TypeScript module that holds it as base64, so that it loads
// without a network, a file path or a bundler's help.
import { readFile, writeFile } from 'node:fs/promises';
import asc from 'assemblyscript/asc';

const target = new URL('src/fast/keccak.wasm.ts', import.meta.url);
const source = new URL('assembly/keccak.ts', import.meta.url);

let wasm;
const { error, stderr } = await asc.main(
  ['keccak.ts', '--outFile', 'keccak.wasm', '--runtime', 'stub', '-O3', '--noAssert'],
  {
    readFile: async (name) => (name === 'keccak.ts' ? readFile(source, 'utf8') : null),
    writeFile: async (name, contents) => {
      if (name === 'keccak.wasm') wasm = contents;
    },
    listFiles: async () => [],
  },
);
if (error) throw new Error(`assembly/keccak.ts: ${error.message}\n${stderr}`);
if (WebAssembly.Module.imports(new WebAssembly.Module(wasm)).length > 0) {
  throw new Error('assembly/keccak.ts must not import anything');
}

const module = `// Generated from assembly/keccak.ts by build-keccak.mjs.
export const keccakWasm: string =
  '${Buffer.from(wasm).toString('base64')}';
`;
// Left alone when nothing changed, so that an incremental build has nothing to do.
const previous = await readFile(target, 'utf8').catch(() => '');
if (previous !== module) await writeFile(target, module);
