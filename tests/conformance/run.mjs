// Conformance of two catalog backends as an unmodified @backstage/catalog-client sees them. See README.md.
import { CatalogClient, CATALOG_FILTER_EXISTS as EXISTS } from '@backstage/catalog-client';
import { buildCases } from './cases.mjs';
import { startFixtures } from './fixtures.mjs';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const opt = Object.fromEntries(process.argv.slice(2).map((x, i, l) => (x.startsWith('--') ? [x.slice(2), l[i + 1] && !l[i + 1].startsWith('--') ? l[i + 1] : true] : null)).filter(Boolean));
if (!(opt.a || opt.golden) || !(opt.b || opt.record)) {
  console.error('run.mjs --a URL --a-token T --record golden.json     (or: --golden golden.json --b URL --b-token T)\nrun.mjs --a URL --a-token T --b URL --b-token T [--group g1,g2] [--skip g3] [--seed 1] [--scale 1] [--messages] [--relation-order] [--facet-order] [--no-locations-kind] [--reads]\n' +
    '  [--strict] [--fixture-port 8099] [--a-root DIR --b-root DIR] [--out report.json] [--show 20] [--list]');
  process.exit(2);
}
const mended = JSON.parse(readFileSync(new URL('./mended.json', import.meta.url))).map(m => ({ ...m, re: new RegExp(m.match) })), mendedSeen = [];
const golden = opt.golden ? JSON.parse(readFileSync(opt.golden)) : null, recorded = {};
const sides = ['a', 'b'].filter(s => opt[s]).map(s => ({ name: s, url: String(opt[s]).replace(/\/$/, ''), token: opt[`${s}-token`] ?? '', root: opt[`${s}-root`] }));
const errorText = e => (opt.messages ? String(e?.message ?? '') : undefined);

for (const s of sides) {
  s.fetch = (path, init = {}) => fetch(`${s.url}${path}`, { ...init, headers: { authorization: `Bearer ${s.token}`, ...(init.headers ?? {}) } });
  s.client = new CatalogClient({ discoveryApi: { getBaseUrl: async () => `${s.url}/api/catalog` }, fetchApi: { fetch: (i, init) => fetch(i, init) } });
  s.auth = { token: s.token };
  // uid and location id -> stable words, learned from one dump
  s.uid = new Map();
  const all = await s.client.getEntities({ fields: ['kind', 'metadata.name', 'metadata.namespace', 'metadata.uid'] }, s.auth);
  for (const e of all.items) s.uid.set(e.metadata.uid, `<uid ${e.kind}:${e.metadata.namespace ?? 'default'}/${e.metadata.name}>`.toLowerCase());
}

const key = x => JSON.stringify(x);
export const refOf = e => (e?.kind ? `${e.kind}:${e.metadata?.namespace ?? 'default'}/${e.metadata?.name}`.toLowerCase() : key(e ?? null));

/** Replace what may differ between two right answers; sort what has no promised order. */
function norm(v, s, path = '') {
  if (Array.isArray(v)) {
    const out = v.map(x => norm(x, s, `${path}[]`));
    if (!opt['relation-order'] && /(^|\.)relations$/.test(path)) out.sort((x, y) => (key(x) < key(y) ? -1 : 1));
    return out;
  }
  if (v && typeof v === 'object') {
    const out = {};
    for (const k of Object.keys(v).sort()) {
      const p = path ? `${path}.${k}` : k;
      if (k === 'etag' && /metadata$/.test(path)) out[k] = v[k] ? '<etag>' : v[k];
      else if (k === 'uid' && /metadata$/.test(path)) out[k] = v[k] ? '<uid>' : v[k];
      else if (k === 'facets' && v[k] && !opt['facet-order']) out[k] = Object.fromEntries(Object.keys(v[k]).sort().map(f => [f, [...v[k][f]].map(x => norm(x, s)).sort((x, y) => (key(x) < key(y) ? -1 : 1))]));
      else if (/^(createdAt|updatedAt|timestamp|lastUpdated\w*)$/.test(k)) out[k] = '<time>';
      else out[k] = norm(v[k], s, p);
    }
    return out;
  }
  if (typeof v === 'string') {
    if (s.uid.has(v)) return s.uid.get(v);
    let t = v;
    if (s.root) t = t.split(s.root).join('<root>');
    t = t.replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>').replace(/generated-[0-9a-f]{40}/g, 'generated-<hash>').replace(/logId=[0-9a-f]+/g, 'logId=<id>')
      .replace(/\/side-[ab]\//g, '/side-x/').replace(/\bconf-([a-z-]+)-[ab]\b/g, 'conf-$1-x').split(s.url).join('<base>');
    return t;
  }
  return v;
}

async function outcome(c, s) {
  try {
    const value = await c.run(s.client, s.auth, s);
    const n = norm(value === undefined ? { undefined: true } : value, s);
    return c.post ? c.post(n) : n;
  } catch (e) {
    const body = e?.body?.error;
    return { threw: norm({ status: e?.statusCode ?? e?.response?.status ?? null, name: body?.name ?? e?.name, message: errorText(body ?? e) }, s) };
  }
}

function firstDiff(x, y, p = '$') {
  if (key(x) === key(y)) return null;
  if (Array.isArray(x) && Array.isArray(y)) {
    if (x.length !== y.length) return `${p}: length ${x.length} != ${y.length}`;
    for (let i = 0; i < x.length; i++) { const d = firstDiff(x[i], y[i], `${p}[${i}]`); if (d) return d; }
  } else if (x && y && typeof x === 'object' && typeof y === 'object') {
    for (const k of new Set([...Object.keys(x), ...Object.keys(y)])) { const d = firstDiff(x[k], y[k], `${p}.${k}`); if (d) return d; }
  }
  return `${p}: ${String(key(x)).slice(0, 160)} != ${String(key(y)).slice(0, 160)}`;
}

const fixtures = await startFixtures(Number(opt['fixture-port'] ?? 8099));
const dump = (await sides[0].client.getEntities({}, sides[0].auth)).items.filter(e => !/^conf-/.test(e.metadata.name) && !e.metadata.annotations?.['backstage.io/managed-by-origin-location']?.startsWith('url:')).sort((x, y) => (refOf(x) < refOf(y) ? -1 : 1));
for (const e of dump) e.relations?.sort((x, y) => (key(x) < key(y) ? -1 : 1));      // the cases must not depend on the order a server happens to use
let cases = buildCases({ dump, seed: Number(opt.seed ?? 1), scale: Number(opt.scale ?? 1), EXISTS, refOf, fixtures, noLocations: !!opt['no-locations-kind'] });
if (opt.group) cases = cases.filter(c => String(opt.group).split(',').includes(c.group));
// Cases that write, or that ask for what only a writing server has; their names stay, so that a recording still fits.
const WRITES = /^(validateEntity|locations\..*|refreshEntity|analyzeLocation)\||^raw\|(refresh|locations|validate|analyze|delete location) /;
if (opt.reads) cases = cases.filter(c => !WRITES.test(`${c.group}|${c.name}`));
if (opt.skip) cases = cases.filter(c => !String(opt.skip).split(',').includes(c.group));
if (opt.list) { for (const c of cases) console.log(`${c.group}\t${c.name}`); process.exit(0); }

const stats = {}, diffs = [], engine = []; let empty = 0;
for (const c of cases) {
  const g = (stats[c.group] ??= { cases: 0, same: 0, diff: 0, errors: 0 });
  const id = `${c.group}|${c.name}`, hash = x => createHash('sha256').update(key(x) ?? 'undefined').digest('hex');
  const ra = await outcome(c, sides[0]); let rb;
  if (opt.record) { const t = key(ra) ?? 'undefined'; recorded[id] = { hash: hash(ra), ...(t.length < 3000 ? { value: ra } : { bytes: t.length }) }; continue; }
  if (golden) {
    const want = golden.cases[id]; g.cases++;
    if (!want) { g.diff++; diffs.push({ group: c.group, name: c.name, where: 'no such case was recorded: the data differ' }); }
    else if (want.hash === hash(ra)) g.same++;
    else if (c.engine && !opt.strict) g.same++;
    else if (!opt.strict && mended.some(m => m.re.test(id))) { g.same++; mendedSeen.push(id); }
    else { g.diff++; diffs.push({ group: c.group, name: c.name, where: 'value' in want ? firstDiff(want.value, ra) : `a recorded answer of ${want.bytes} bytes differs (${(key(ra) ?? '').length} bytes now); compare with a live server` }); }
    continue;
  }
  rb = await outcome(c, sides[1]);
  g.cases++;
  if (opt.print && c.name.includes(opt.print)) console.log(c.name, JSON.stringify(ra, null, 1));
  if (ra?.threw) g.errors++;
  if (key(ra) === key(rb)) g.same++;
  else if (c.engine && !opt.strict) { engine.push(`${c.group} ${c.name}: ${firstDiff(ra, rb)}`); g.same++; }
  else if (!opt.strict && mended.some(m => m.re.test(id))) { g.same++; mendedSeen.push(id); }
  else { g.diff++; diffs.push({ group: c.group, name: c.name, where: firstDiff(ra, rb), a: ra?.threw ?? undefined, b: rb?.threw ?? undefined }); }
  if (Array.isArray(ra?.items) && !ra.items.length) empty++;
}
fixtures.close();
if (opt.record) { writeFileSync(opt.record, JSON.stringify({ recorded: new Date().toISOString(), of: opt.name ?? sides[0].url, client: '1.16.2', seed: Number(opt.seed ?? 1), scale: Number(opt.scale ?? 1), options: Object.keys(opt), cases: recorded }, null, 0)); console.log(`${Object.keys(recorded).length} answers recorded in ${opt.record}`); process.exit(0); }
console.table(stats);
for (const d of diffs.slice(0, Number(opt.show ?? 20))) console.log(`DIFF [${d.group}] ${d.name}\n     ${d.where}`);
for (const e of engine) console.log(`engine-dependent in Backstage itself, not counted: ${e}`);
for (const id of mendedSeen) console.log(`mended on purpose (mended.json), not counted: ${id}`);
const n = cases.length, bad = diffs.length;
console.log(`${n} cases, ${n - bad} the same, ${bad} different; ${Object.values(stats).reduce((s, g) => s + g.errors, 0)} are error cases, ${empty} answer an empty list`);
if (opt.out) writeFileSync(opt.out, JSON.stringify({ a: golden ? opt.golden : sides[0].url, b: sides.at(-1).url, cases: n, different: bad, stats, diffs }, null, 1));
process.exit(bad ? 1 : 0);
