// Does the runner notice? A proxy in front of one good server spoils one thing at a time; every mutant must be reported.
//   node mutants.mjs --url http://127.0.0.1:7007 --token T [--only 'last item lost,...'] [--reads]
// With --reads only the cases of run.mjs --reads are asked, and the mutants that only a write can show are left out.
import { createServer } from 'node:http';
import { spawn } from 'node:child_process';
const opt = Object.fromEntries(process.argv.slice(2).map((x, i, l) => (x.startsWith('--') ? [x.slice(2), l[i + 1] && !l[i + 1].startsWith('--') ? l[i + 1] : true] : null)).filter(Boolean));
const items = f => (j, q) => { if (Array.isArray(j)) return f(j, q); if (Array.isArray(j?.items)) j.items = f(j.items, q); return j; };
const ent = f => items(l => { l.forEach(e => e?.kind && f(e)); return l; });
const mutants = {
  none: null,
  'last item lost': items((l, q) => (/entities/.test(q.url) && l.length > 3 ? l.slice(0, -1) : l)),
  'order of a page reversed': items((l, q) => (/orderField/.test(q.url) ? l.reverse() : l)),
  'relations dropped': ent(e => { delete e.relations; }),
  'one relation dropped': ent(e => { e.relations?.pop(); }),
  'totalItems off by one': j => { if (typeof j?.totalItems === 'number') j.totalItems++; return j; },
  'facet count off by one': j => { for (const v of Object.values(j?.facets ?? {})) if (v[0]) v[0].count++; return j; },
  'no previous cursor': j => { if (j?.pageInfo) delete j.pageInfo.prevCursor; return j; },
  'no next cursor': j => { if (j?.pageInfo) delete j.pageInfo.nextCursor; return j; },
  'uid missing': ent(e => { delete e.metadata?.uid; }),
  'namespace missing': ent(e => { delete e.metadata?.namespace; }),
  'annotation missing': ent(e => { delete e.metadata?.annotations?.['backstage.io/managed-by-location']; }),
  'null of by-refs left out': (j, q) => { if (/by-refs/.test(q.url) && j?.items) j.items = j.items.filter(Boolean); return j; },
  'error name lost': j => { if (j?.error) j.error.name = 'Error'; return j; },
  '404 becomes 400': 404, '201 becomes 200': 201, '409 becomes 400': 409, '401 becomes 403': 401,
  'link header lost': 'link',
  'fields ignored': (j, q) => j, // set below: strips `fields` from the request
};
const run = (port, life) => new Promise(ok => { const p = spawn(process.execPath, [new URL('./run.mjs', import.meta.url).pathname, '--a', opt.url, '--a-token', opt.token, '--b', `http://127.0.0.1:${port}`, '--b-token', opt.token, '--show', '1', ...(opt.reads ? ['--reads'] : life ? [] : ['--skip', 'locations.life'])], { stdio: ['ignore', 'pipe', 'inherit'] });
  let t = ''; p.stdout.on('data', d => (t += d)); p.on('exit', code => ok({ code, last: t.trim().split('\n').at(-1) })); });
let missed = 0; const only = opt.only?.split(',');
for (const [name, m] of Object.entries(mutants)) {
  if (only && !only.includes(name)) continue;
  if (opt.reads && (m === 201 || m === 409)) { console.log(`left out  ${name} (needs a write)`); continue; }
  const s = createServer(async (q, r) => {
    try {
      const body = await new Promise(ok => { const c = []; q.on('data', d => c.push(d)); q.on('end', () => ok(Buffer.concat(c))); });
      const h = { ...q.headers }; delete h.host; delete h['content-length']; delete h.connection; delete h['accept-encoding']; delete h['transfer-encoding'];
      const path = name === 'fields ignored' ? q.url.replace(/([?&])fields=[^&]*/g, '$1') : q.url;
      const a = await fetch(opt.url + path, { method: q.method, headers: h, body: body.length ? body : undefined });
      let t = await a.text(), st = a.status; const out = {};
      for (const [k, v] of a.headers) if (!['content-length', 'content-encoding', 'transfer-encoding', 'connection'].includes(k) && !(m === 'link' && k === 'link')) out[k] = v;
      if (typeof m === 'function' && /json/.test(a.headers.get('content-type') ?? '') && t) t = JSON.stringify(m(JSON.parse(t), { url: q.url }));
      if (typeof m === 'number' && st === m) st = { 404: 400, 201: 200, 409: 400, 401: 403 }[m];
      r.writeHead(st, out).end(q.method === 'HEAD' || st === 204 ? undefined : t);
    } catch (e) { r.writeHead(599).end(String(e)); }
  });
  await new Promise(ok => s.listen(0, '127.0.0.1', ok));
  const { code, last } = await run(s.address().port, name === 'none' || m === 201 || m === 409); s.close(); s.closeAllConnections();
  const right = /^\d+ cases/.test(last) && (name === 'none' ? code === 0 : code === 1);      // a crash is no catch
  if (!right) missed++;
  console.log(`${right ? (name === 'none' ? 'clean ' : 'caught') : 'MISSED'}  ${name.padEnd(28)} ${last}`);
}
process.exit(missed ? 1 : 0);
