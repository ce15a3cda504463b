/** The peer of the update check: `node:http` alone, answering what it is told. Run as a child process. */
import { createServer } from 'node:http';

process.once('message', (answer: { body: string; headers: Record<string, string> }) => {
  const body = Buffer.from(answer.body, 'base64');
  const headers = { ...answer.headers, 'content-length': body.length };
  const server = createServer((_request, response) => {
    response.writeHead(200, headers);
    response.end(body);
  });
  server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
  process.once('disconnect', () => process.exit());
});
