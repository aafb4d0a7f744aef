// A small program: flags, an HTTP server and an orderly end.
import { readFlags, UsageError } from '@devp2p/appkit/cli';
import { answer, listenHttp, refuse } from '@devp2p/appkit/http';
import { systemClock } from '@devp2p/clock';

const flags = {
  text: { value: 'TEXT', help: 'response to every request', default: 'hello' },
  port: { value: 'PORT', help: 'TCP port; 0 selects a free one', default: '0' },
};
const { written } = readFlags(['--port', '0', '--text=hi'], flags);
const setting = (name: keyof typeof flags): string =>
  written.get(name)?.text ?? flags[name].default;

try {
  readFlags(['--prot', '0'], flags);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.log(error.message); // unknown flag --prot; did you mean --port?
}

const server = await listenHttp({
  host: '127.0.0.1',
  port: Number(setting('port')),
  onRequest(request, response) {
    if (request.url === '/') answer(response, 200, 'text/plain', setting('text'));
    else refuse(request, response, 404, 'not found', systemClock);
  },
});
console.log(await (await fetch(server.url)).text()); // hi
console.log((await fetch(`${server.url}/other`)).status); // 404
await server.close();
