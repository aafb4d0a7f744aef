#!/usr/bin/env node
// Every Node.js with modules reads this file, so one that is too old for the program gets a sentence, not a stack.
import { existsSync } from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);
const program = new URL('../dist/main.js', import.meta.url);

if (major < 20 || (major === 20 && minor < 19)) {
  fail(`needs Node.js 20.19 or later, and this is ${process.versions.node}`);
} else if (!existsSync(program)) {
  fail('is not built yet: run "npm run build"');
} else {
  import(program.href);
}

function fail(reason) {
  console.error(`devp2p-crawler ${reason}`);
  process.exitCode = 1;
}
