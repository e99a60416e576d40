
// The live preview: shows what the server draws, what went wrong, and YAML that is pasted. Texts of the input reach the page as text only.
const versionOf = (doc) => doc.querySelector('meta[name="kubesketch-version"]')?.content ?? '';
const RETRY = [500, 1000, 2000, 5000];

// The page shown, the state of the server, and the choice of the reader: the files as they were last drawn whole, what can be read of them, or a paste.
let shown = versionOf(document);
let reported = null;
let choice = 'files';
let pasted = null;
let failures = 0;
let stream = null;
let retry = 0;

// Makes an element; texts are set as text.
function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

const dot = make('span', { className: 'live-dot' });
dot.setAttribute('aria-hidden', 'true');
const words = make('span', { className: 'live-words' });
const status = make('span', { className: 'live-status' }, dot, words);
status.setAttribute('role', 'status');
const back = make('button', { type: 'button', hidden: true, textContent: 'Back to the files' });
const open = make('button', { type: 'button', textContent: 'Paste YAML' });
const bar = make('div', { className: 'live-bar' }, status, back, open);

const summary = make('summary');
const remark = make('p');
const partial = make('button', { type: 'button', hidden: true });
const list = make('ol');
const panel = make('details', { className: 'live-problems', open: true, hidden: true }, summary, make('div', { className: 'live-told' }, remark, partial, list));
const aloud = make('div', { className: 'live-alert' });
aloud.setAttribute('role', 'alert');

const box = make('textarea', { id: 'live-paste', spellcheck: false, autocomplete: 'off', rows: 22 });
const fault = make('p', { className: 'live-fault' });
fault.setAttribute('role', 'alert');
const draw = make('button', { type: 'submit', textContent: 'Draw' });
const cancel = make('button', { type: 'button', textContent: 'Cancel' });
const label = make('label', { htmlFor: 'live-paste', textContent: 'Kubernetes YAML or JSON' });
const hint = make('p', { textContent: 'It is drawn by the program on this machine, goes nowhere else and is written nowhere. Ctrl+Enter draws.' });
const form = make('form', { method: 'dialog' }, make('h2', { textContent: 'Paste YAML' }), label, box, hint, fault, make('div', { className: 'live-buttons' }, draw, cancel));
const dialog = make('dialog', { className: 'live-dialog' }, form);
dialog.setAttribute('aria-label', 'Paste YAML');

const live = make('div', { className: 'live' }, panel, bar, aloud, dialog);
live.setAttribute('role', 'region');
live.setAttribute('aria-label', 'Live preview');
document.body.append(live);

function say(state, text) {
  live.dataset.state = state;
  if (words.textContent !== text) words.textContent = text;
}

function sayLive() {
  if (live.dataset.state === 'gone' || live.dataset.state === 'reconnecting') return;
  if (choice === 'paste') say('paste', 'Pasted YAML, not the files');
  else if (choice === 'partial') say('stale', 'Live, what can be read');
  else if (reported?.stale) say('stale', 'Live, last good picture');
  else say('live', 'Live');
}

// The problems of the shown page.
function sayProblems() {
  const source = choice === 'paste' ? pasted : reported;
  const problems = source?.problems ?? [];
  panel.hidden = problems.length === 0;
  if (problems.length === 0) {
    list.replaceChildren();
    aloud.textContent = '';
    return;
  }
  const count = problems.length + source.more;
  const what = count === 1 ? '1 problem' : count + ' problems';
  summary.textContent = what + ' while reading';
  const stale = choice !== 'paste' && reported.stale;
  if (stale && choice === 'files') remark.textContent = 'The picture is the last one for which everything could be read.';
  else remark.textContent = 'The picture shows what could be read.';
  partial.hidden = !stale || reported.now === reported.page;
  partial.textContent = choice === 'partial' ? 'Show the last good picture' : 'Draw what can be read';
  const items = problems.map((problem) => make('li', { className: 'live-' + problem.severity }, make('pre', { tabIndex: 0, textContent: problem.text })));
  if (source.more > 0) items.push(make('li', { textContent: 'and ' + source.more + ' more; the terminal and the table of problems tell all' }));
  list.replaceChildren(...items);
  // The first one is read out once, not at every key that is saved.
  const first = what + ': ' + [problems[0].place, problems[0].message].filter(Boolean).join(': ');
  if (aloud.textContent !== first) aloud.textContent = first;
}

// Puts a new page in the place of the old one. The page's own script does it best; without it the reader keeps at least the place.
function replace(doc) {
  try {
    if (window.kubesketch?.replace) {
      window.kubesketch.replace(doc);
      return;
    }
  } catch (error) {
    console.error(error);
  }
  const picture = document.querySelector('.picture');
  const place = [window.scrollX, window.scrollY, picture?.scrollLeft, picture?.scrollTop];
  const chosen = document.querySelector('input[name="state"]:checked')?.id;
  document.title = doc.title;
  for (const part of ['header', 'main', 'footer']) {
    const [now, next] = [document.querySelector(part), doc.querySelector(part)];
    if (now && next) now.replaceChildren(...[...next.childNodes].map((node) => document.adoptNode(node)));
  }
  const radio = chosen && document.getElementById(chosen);
  if (radio) radio.checked = true;
  const figure = document.querySelector('.picture');
  if (figure && picture) figure.scrollTo(place[2], place[3]);
  window.scrollTo(place[0], place[1]);
}

const parse = (text) => new DOMParser().parseFromString(text, 'text/html');

// One page is fetched at a time, and the newest that is wanted wins.
let fetching = false;
async function follow() {
  if (fetching) return;
  fetching = true;
  try {
    for (;;) {
      if (choice === 'paste' || !reported) return;
      const wanted = choice === 'partial' ? reported.now : reported.page;
      if (wanted === shown) return;
      const response = await fetch(choice === 'partial' ? '/now' : '/', { cache: 'no-store' });
      if (!response.ok) return;
      const doc = parse(await response.text());
      if (choice === 'paste') return;
      replace(doc);
      shown = versionOf(doc);
      // A still newer page is announced by an event of its own.
      if (shown !== wanted && reported.page !== shown && reported.now !== shown) return;
    }
  } catch {
    // The stream ends as well when the server is gone, and catches up when it is back.
  } finally {
    fetching = false;
    sayLive();
  }
}

function heard(state) {
  reported = state;
  if (!reported.stale && choice === 'partial') choice = 'files';
  sayLive();
  sayProblems();
  follow();
}

function listen() {
  clearTimeout(retry);
  stream?.close();
  stream = new EventSource('/events');
  stream.addEventListener('open', () => {
    failures = 0;
    say('live', 'Live');
    sayLive();
  });
  stream.addEventListener('state', (event) => heard(JSON.parse(event.data)));
  stream.addEventListener('end', () => lost('gone'));
  stream.addEventListener('error', () => lost(failures < 2 ? 'reconnecting' : 'gone'));
}

function lost(state) {
  stream?.close();
  stream = null;
  say(state, state === 'gone' ? 'The server is gone; the picture stays as it is' : 'Reconnecting');
  if (document.hidden) return;
  clearTimeout(retry);
  retry = setTimeout(listen, RETRY[Math.min(failures, RETRY.length - 1)]);
  failures += 1;
}

// Hidden pages close their stream, because a browser opens few connections to one server.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    clearTimeout(retry);
    stream?.close();
    stream = null;
  } else if (!stream) {
    listen();
  }
});

partial.addEventListener('click', () => {
  choice = choice === 'partial' ? 'files' : 'partial';
  sayProblems();
  follow();
});

back.addEventListener('click', () => {
  choice = 'files';
  pasted = null;
  shown = '';
  back.hidden = true;
  sayLive();
  sayProblems();
  follow();
});

open.addEventListener('click', () => {
  fault.textContent = '';
  dialog.showModal();
  box.focus();
});
cancel.addEventListener('click', () => dialog.close());
box.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit(draw);
});

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (draw.disabled) return;
  draw.disabled = true;
  fault.textContent = '';
  try {
    const response = await fetch('/paste', { method: 'POST', headers: { 'Content-Type': 'application/yaml' }, body: box.value });
    if (!response.ok) throw new Error(await response.text());
    const drawn = await response.json();
    choice = 'paste';
    pasted = drawn;
    replace(parse(drawn.page));
    shown = '';
    back.hidden = false;
    dialog.close();
    sayLive();
    sayProblems();
  } catch (error) {
    fault.textContent = error instanceof TypeError ? 'The server did not take it: it is gone, or the text is too long.' : error.message;
  } finally {
    draw.disabled = false;
  }
});

say('reconnecting', 'Connecting');
listen();
