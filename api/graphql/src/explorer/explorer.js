"use strict";

// The explorer: writes queries, runs them against the address of its own page, shows the schema.
// Everything that comes from the server is shown as text, never as markup.

const ENDPOINT = location.pathname;
const EXAMPLE = `# Ctrl+Enter runs it.
query Services($first: Int = 20) {
  entities(
    filter: { kind: { eq: "component" } }
    orderBy: [{ field: "metadata.name" }]
    first: $first
  ) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      ref
      title
      owner { ref displayName }
      ... on Component { type lifecycle system { ref } }
    }
  }
}
`;
const TYPE = "kind name ofType{kind name ofType{kind name ofType{kind name}}}";
const INTROSPECTION = `{ __schema { queryType{name} mutationType{name} subscriptionType{name} types {
  kind name description interfaces{name} possibleTypes{name}
  enumValues(includeDeprecated:true){name description isDeprecated deprecationReason}
  inputFields{name description defaultValue type{${TYPE}}}
  fields(includeDeprecated:true){name description isDeprecated deprecationReason type{${TYPE}}
    args{name description defaultValue type{${TYPE}}}}
} } }`;

const byId = (id) => document.getElementById(id);
const query = byId("query");
const variables = byId("variables");
const result = byId("result");
const state = byId("state");
const operation = byId("operation");

// ---------------------------------------------------------------- requests

function say(text, kind = "") {
  state.textContent = text;
  state.className = kind;
}

/** Posts a request; gives the status and the answer, parsed if it is JSON. */
async function post(request, signal) {
  const response = await fetch(ENDPOINT, {
    method: "POST",
    credentials: "same-origin",
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "x-requested-with": "callboard",
    },
    body: JSON.stringify(request),
    signal,
  });
  const text = await response.text();
  try {
    return { status: response.status, answer: JSON.parse(text), size: text.length };
  } catch {
    return { status: response.status, answer: text, size: text.length };
  }
}

/** The operations of a document: their kinds and names, comments and texts left out. */
function operations(document) {
  const bare = document
    .replace(/"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"/g, '""')
    .replace(/#[^\n\r]*/g, "");
  const found = [];
  let depth = 0;
  for (const [token] of bare.matchAll(/[{}()]|[_A-Za-z]\w*/g)) {
    if (token === "{" || token === "(") depth += 1;
    else if (token === "}" || token === ")") depth -= 1;
    else if (depth === 0 && /^(query|mutation|subscription)$/.test(token)) found.push({ kind: token, name: "" });
    else if (depth === 0 && found.length && !found.at(-1).name && !found.at(-1).closed) found.at(-1).name = token;
    if (depth > 0 && found.length) found.at(-1).closed = true;
  }
  return found.length ? found : [{ kind: "query", name: "" }];
}

function showOperations() {
  const named = operations(query.value).filter((each) => each.name);
  const chosen = operation.value;
  operation.replaceChildren(...named.map((each) => new Option(each.name, each.name)));
  if (named.some((each) => each.name === chosen)) operation.value = chosen;
  byId("operations").hidden = named.length < 2;
}

let running = null;

function started(stop) {
  running?.();
  running = stop;
  byId("stop").hidden = false;
}

function ended(stop) {
  if (running !== stop) return;
  running = null;
  byId("stop").hidden = true;
}

function request() {
  const body = { query: query.value };
  if (variables.value.trim()) body.variables = JSON.parse(variables.value);
  if (!byId("operations").hidden) body.operationName = operation.value;
  return body;
}

async function run() {
  let body;
  try {
    body = request();
  } catch (error) {
    say(`Variables are not JSON: ${error.message}`, "error");
    return;
  }
  history.replaceState(null, "", fragment());
  const chosen = operations(query.value).find((each) => !body.operationName || each.name === body.operationName);
  if (chosen?.kind === "subscription") follow(body);
  else await execute(body);
}

async function execute(body) {
  const abort = new AbortController();
  const stop = () => abort.abort();
  started(stop);
  say("Running …");
  const start = performance.now();
  try {
    const { status, answer, size } = await post(body, abort.signal);
    const milliseconds = Math.round(performance.now() - start);
    const failed = status !== 200 || (answer && answer.errors);
    result.textContent = typeof answer === "string" ? answer : JSON.stringify(answer, null, 2);
    say(`${status} · ${milliseconds} ms · ${size.toLocaleString()} characters`, failed ? "error" : "");
  } catch (error) {
    say(abort.signal.aborted ? "Stopped." : `The server did not answer: ${error.message}`, "error");
  } finally {
    ended(stop);
  }
}

/** Follows a subscription over graphql-transport-ws; each event goes on top. */
function follow(body) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const address = `${scheme}//${location.host}${ENDPOINT.replace(/\/$/, "")}/ws`;
  const socket = new WebSocket(address, "graphql-transport-ws");
  const stop = () => socket.close(1000);
  const send = (message) => socket.send(JSON.stringify(message));
  let events = 0;
  started(stop);
  result.textContent = "";
  say("Connecting …");
  socket.addEventListener("open", () => send({ type: "connection_init" }));
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "connection_ack") {
      send({ id: "1", type: "subscribe", payload: body });
      say("Waiting for events …");
    } else if (message.type === "ping") {
      send({ type: "pong" });
    } else if (message.type === "next" || message.type === "error") {
      events += message.type === "next" ? 1 : 0;
      const text = JSON.stringify(message.payload, null, 2);
      result.textContent = `${text}\n\n${result.textContent}`.slice(0, 1_000_000);
      say(`${events} events`, message.type === "error" ? "error" : "");
    } else if (message.type === "complete") {
      stop();
    }
  });
  socket.addEventListener("close", ({ code, reason }) => {
    say(`Ended after ${events} events (${code}${reason ? `: ${reason}` : ""}).`, code === 1000 ? "" : "error");
    ended(stop);
  });
}

// ---------------------------------------------------------------- the address

/** What the address says: `?query=&variables=` or the same after `#`, which no server sees. */
function fromAddress() {
  const search = new URLSearchParams(location.search);
  const hash = new URLSearchParams(location.hash.slice(1));
  const read = (name) => hash.get(name) ?? search.get(name);
  return { query: read("query"), variables: read("variables") };
}

function fragment() {
  const parts = new URLSearchParams({ query: query.value });
  if (variables.value.trim()) parts.set("variables", variables.value);
  return `${location.pathname}#${parts}`;
}

function fill() {
  const given = fromAddress();
  query.value = given.query ?? EXAMPLE;
  variables.value = given.variables ?? "";
  showOperations();
}

// ---------------------------------------------------------------- the schema

const docs = byId("docs");
const trail = byId("trail");
const types = new Map();
let roots = [];
let seen = [];

function element(name, content, className) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...[content].flat().filter((part) => part !== null && part !== undefined && part !== ""));
  return made;
}

function typeText(type) {
  if (type.kind === "NON_NULL") return [...typeText(type.ofType), "!"];
  if (type.kind === "LIST") return ["[", ...typeText(type.ofType), "]"];
  return [typeButton(type.name)];
}

function typeButton(name) {
  const button = element("button", name);
  button.type = "button";
  button.addEventListener("click", () => visit(name));
  return button;
}

function about(thing) {
  const reason = thing.isDeprecated ? `Deprecated: ${thing.deprecationReason ?? ""}` : null;
  return [thing.description, reason].filter(Boolean).map((text) => element("p", text));
}

function inputItem(input) {
  const byDefault = input.defaultValue ? ` = ${input.defaultValue}` : "";
  return element("li", [element("code", [`${input.name}: `, ...typeText(input.type), byDefault]), ...about(input)]);
}

function fieldItem(field) {
  const head = element("code", [`${field.name}: `, ...typeText(field.type)]);
  const args = field.args?.length ? element("ul", field.args.map(inputItem), "arguments") : null;
  return element("li", [head, ...about(field), args]);
}

function list(title, items) {
  return items?.length ? [element("h2", title), element("ul", items)] : [];
}

function typeLinks(title, names) {
  return list(title, names?.map(({ name }) => element("li", typeButton(name))));
}

function visit(name) {
  const at = seen.indexOf(name);
  seen = at < 0 ? [...seen, name] : seen.slice(0, at + 1);
  show();
}

function show() {
  byId("find").value = "";
  const home = element("button", "Schema");
  home.type = "button";
  home.addEventListener("click", () => {
    seen = [];
    show();
  });
  trail.replaceChildren(home, ...seen.map(typeButton));
  const type = types.get(seen.at(-1));
  docs.replaceChildren(...(type ? typeParts(type) : overview()));
}

function typeParts(type) {
  const values = type.enumValues?.map((value) => element("li", [element("code", value.name), ...about(value)]));
  return [
    element("h3", type.name),
    element("p", type.kind.toLowerCase().replace("_", " ")),
    ...about(type),
    ...typeLinks("Implements", type.interfaces),
    ...typeLinks("Is one of", type.possibleTypes),
    ...list("Fields", type.fields?.map(fieldItem)),
    ...list("Fields", type.inputFields?.map(inputItem)),
    ...list("Values", values),
  ];
}

function overview() {
  const own = [...types.values()].filter(({ name }) => !name.startsWith("__"));
  return [
    ...typeLinks("Roots", roots.map((name) => ({ name }))),
    ...typeLinks("Types", own),
  ];
}

function find(text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) {
    show();
    return;
  }
  const hits = [];
  for (const type of types.values()) {
    if (type.name.startsWith("__")) continue;
    if (type.name.toLowerCase().includes(wanted)) hits.push(element("li", typeButton(type.name)));
    for (const field of [...(type.fields ?? []), ...(type.inputFields ?? [])]) {
      if (field.name.toLowerCase().includes(wanted)) {
        hits.push(element("li", [typeButton(type.name), ` .${field.name}`]));
      }
    }
  }
  docs.replaceChildren(element("ul", hits.slice(0, 100)));
}

async function loadSchema() {
  try {
    const { answer } = await post({ query: INTROSPECTION });
    const schema = answer?.data?.__schema;
    if (!schema) throw new Error(answer?.errors?.[0]?.message ?? "no schema came");
    for (const type of schema.types) types.set(type.name, type);
    roots = [schema.queryType, schema.mutationType, schema.subscriptionType].filter(Boolean).map(({ name }) => name);
    show();
  } catch (error) {
    docs.replaceChildren(element("p", `The schema could not be read: ${error.message}`));
  }
}

// ---------------------------------------------------------------- the page

/** A new line starts where the one before it started, and deeper after a brace. */
function indent(event) {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
  const area = event.target;
  const before = area.value.slice(0, area.selectionStart);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const space = line.match(/^ */)[0] + (/[{([]\s*$/.test(line) ? "  " : "");
  if (!space) return;
  event.preventDefault();
  area.setRangeText(`\n${space}`, area.selectionStart, area.selectionEnd, "end");
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
query.addEventListener("keydown", indent);
variables.addEventListener("keydown", indent);
query.addEventListener("input", showOperations);
byId("run").addEventListener("click", run);
byId("stop").addEventListener("click", () => running?.());
byId("find").addEventListener("input", ({ target }) => find(target.value));
byId("link").addEventListener("click", async () => {
  const address = new URL(fragment(), location.href).href;
  history.replaceState(null, "", fragment());
  try {
    await navigator.clipboard.writeText(address);
    say("The link is copied.");
  } catch {
    say("The link is in the address bar.");
  }
});
addEventListener("hashchange", fill);

fill();
loadSchema();
