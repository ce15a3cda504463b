/** The figures of the server, as the health page reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFigures, writeScrape } from '../src/areas/system/figures.ts';

test('figures are summed over their labels, and what is not told is not known', () => {
  const text = [
    '# HELP signpost_http_requests_total Requests answered, by route and status',
    'signpost_http_requests_total{route="GET /a{b}",status="200"} 40',
    'signpost_http_requests_total{route="GET /a",status="503"} 2',
    'process_start_time_seconds 1795251600',
    'nodejs_eventloop_lag_p99_seconds 0.0125',
    'signpost_push_listeners{transport="sse"} 3 1795251600000',
    'signpost_push_listeners{transport="ws"} 4',
    'signpost_watch_lag_seconds NaN',
    'no sample',
  ].join('\n');
  assert.deepEqual(readFigures(text), {
    ...{ startedAt: 1_795_251_600_000, memoryBytes: undefined, requests: 42, failed: 2, delayMs: 12.5, listeners: 7 },
    ...{ watchLagSeconds: undefined, logLagSeconds: undefined },
  });
});

test('Prometheus is told scheme and host of the server', () => {
  const lines = writeScrape('https://sign.example:8443').split('\n');
  assert.ok(lines.includes('    scheme: https'));
  assert.ok(lines.includes("    static_configs: [{ targets: ['sign.example:8443'] }]"));
});
