'use strict'
// The page of the server: asks as any client does, and shows the stream that comes back. Whatever was typed, and
// whatever a model wrote, becomes text or a formula of KaTeX's, never markup.

const $ = id => document.getElementById(id)
let key = '' // of the API, in memory only
let running = null // { controller, stopped } of the question under way
let search = null // what came of it so far

// ---- Words -----------------------------------------------------------------------------------------------------------

function say(text) {
  $('status').textContent = text
}

function complain(text) {
  $('trouble').textContent = text
  $('trouble').hidden = text === ''
}

const count = (n, one, many = one + 's') => `${n.toLocaleString('en')} ${n === 1 ? one : many}`
const number = (x, digits) => x === null || x === undefined ? '–' : x.toFixed(digits)

// What went wrong, for who asked. `error` is the server's own, if it sent one.
function words_of(status, error, retry) {
  const said = error && error.message ? error.message : ''
  const later = retry ? ` Try again in ${count(Number(retry), 'second')}.` : ''
  switch (status) {
  case 401: return 'The server asks for an API key, and this is none of its own.'
  case 413: return too_long
  case 429: return `The server has as many questions as it takes: ${said}.${later}`
  case 503: return error && error.code === 'loading' ? `The model is still being loaded.${later}` : `The server is not available: ${said}.${later}`
  case 500: case 502: return `The search failed: ${said}.`
  default: return said ? `The server refused: ${said}.` : `The server answered with status ${status}.`
  }
}

const too_long = 'The question is too long: the server takes 1 MiB at most.'
const unreachable = 'The server cannot be reached. When it runs again, ask again.'

// ---- Mathematics -----------------------------------------------------------------------------------------------------

// A formula as an element; what KaTeX does not take, or is not there for, stays as it was written.
function formula(source, shown) {
  const span = document.createElement('span')
  span.className = 'formula'
  span.textContent = shown
  if (typeof katex === 'undefined' || source.length > 4000 || source.trim() === '') return span
  const drawn = document.createElement('span')
  drawn.className = 'formula'
  try {
    katex.render(source, drawn, { throwOnError: true, trust: false, strict: 'ignore', maxExpand: 200, maxSize: 10 })
    return drawn
  } catch {
    return span
  }
}

// A line without dollars that is a formula all the same: no words but LaTeX's own.
function is_formula(line) {
  const bare = line.replace(/\\text\s*\{[^{}]*\}/g, '').replace(/\\[a-zA-Z]+/g, ' ')
  return /[\d\\=^_<>+]/.test(line) && /^[\x20-\x7e]*$/.test(bare) && !/[a-zA-Z]{3}|[#$%&~"'`@;?]/.test(bare)
}

// Text with $…$, $$…$$, \(…\) and \[…\]; without any of these, line by line.
function set_text(node, text) {
  const delimited = /\$\$([\s\S]+?)\$\$|\$([^$\n]+?)\$|\\\(([\s\S]+?)\\\)|\\\[([\s\S]+?)\\\]/g
  const parts = []
  let at = 0
  for (const found of text.matchAll(delimited)) {
    parts.push(text.slice(at, found.index), formula(found[1] ?? found[2] ?? found[3] ?? found[4], found[0]))
    at = found.index + found[0].length
  }
  if (at > 0) {
    parts.push(text.slice(at))
  } else {
    for (const line of text.split(/(\n)/)) parts.push(is_formula(line) ? formula(line, line) : line)
  }
  node.replaceChildren(...parts)
}

// An answer is LaTeX without dollars; a sentence is not.
function set_answer(node, answer) {
  node.replaceChildren(is_formula(answer) || /^\S{1,3}$/.test(answer) ? formula(answer, answer) : answer)
}

// ---- The search as it goes -------------------------------------------------------------------------------------------

function begin(question) {
  search = { steps: new Map(), chosen: 0, looked_at: 0, snapshots: 0, last: null, content: '', answered: false, since: performance.now(), told: -Infinity }
  $('search').hidden = false
  set_text($('asked'), question.length > 2000 ? question.slice(0, 2000) + ' …' : question)
  for (const id of ['answer', 'classes', 'pool', 'lines', 'text']) $(id).replaceChildren()
  for (const id of ['tokens', 'snapshots', 'selections']) $(`n-${id}`).textContent = '0'
  for (const id of ['ess', 'beta']) $(`n-${id}`).textContent = '–'
  $('answer').className = ''
  $('whole').hidden = true
  $('step').hidden = true
  clock()
}

function clock() {
  $('n-seconds').textContent = ((performance.now() - search.since) / 1000).toFixed(1)
}

function take_event(event) {
  for (const step of event.particles)
    if (search.steps.size < 4096) search.steps.set(step.id, step) // more than any picture has
  search.snapshots += event.particles.length
  search.last = event
}

// Once for all events that came together: a small model may send hundreds.
function show_numbers() {
  const { last, snapshots } = search
  if (!last || search.answered) return
  $('n-tokens').textContent = last.tokens.toLocaleString('en')
  $('n-selections').textContent = last.selections.toLocaleString('en')
  $('n-snapshots').textContent = snapshots.toLocaleString('en')
  if (last.ess !== null) $('n-ess').textContent = number(last.ess, 1)
  if (last.beta !== null) $('n-beta').textContent = number(last.beta, 3)
}

// The server draws; the picture is parsed as XML, in which nothing runs, and taken over node by node.
function set_picture(place, svg) {
  const picture = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement
  if (picture.localName !== 'svg' || picture.namespaceURI !== 'http://www.w3.org/2000/svg') return
  const { scrollLeft, scrollTop } = place
  place.replaceChildren(document.importNode(picture, true))
  place.scrollLeft = scrollLeft
  place.scrollTop = scrollTop
}

// A small picture may take more of the room that is there.
function widen(pool) {
  const svg = pool.firstElementChild
  const width = svg.width.baseVal.value, height = svg.height.baseVal.value
  const times = Math.max(1, Math.min(1.5, pool.clientWidth / width, 0.65 * innerHeight / height))
  svg.setAttribute('width', width * times)
  svg.setAttribute('height', height * times)
}

function take_picture(picture) {
  const pool = $('pool')
  const at_end = pool.scrollLeft + pool.clientWidth >= pool.scrollWidth - 8
  const middle = () => (pool.scrollHeight - pool.clientHeight) / 2
  const at_middle = Math.abs(pool.scrollTop - middle()) < 8
  set_picture(pool, picture.pool)
  widen(pool)
  if (at_middle) pool.scrollTop = middle() // the newest steps of a picture that is too large, until somebody scrolls
  set_picture($('lines'), picture.lines)
  if (at_end) pool.scrollLeft = pool.scrollWidth
  search.chosen = picture.chosen ?? 0
  search.snapshots = Math.max(search.snapshots, picture.snapshots) // events may have been left out
  $('n-snapshots').textContent = search.snapshots.toLocaleString('en')
  mark()
  const back = pool.querySelectorAll('.back').length
  if (!search.answered && performance.now() - search.told >= 3000) { // more often is too much to listen to
    search.told = performance.now()
    say(`Searching: ${count(picture.snapshots, 'snapshot')}, ${count(picture.selections, 'selection')}` +
      (back > 0 ? `; the search went back to ${count(back, 'step')}.` : '.') +
      (picture.shown < picture.snapshots ? ` The picture has the first ${picture.shown.toLocaleString('en')}.` : ''))
  }
}

// The answer that was chosen, with the steps that led to it, and the dot that is looked at.
function mark() {
  const path = new Set()
  for (let id = search.chosen; id && !path.has(id); id = search.steps.get(id)?.parent) path.add(id)
  for (const dot of $('pool').querySelectorAll('.dot')) {
    const id = Number(dot.dataset.id)
    dot.classList.toggle('chosen', path.has(id))
    dot.classList.toggle('looked-at', id === search.looked_at)
  }
}

// ---- A step that is looked at ----------------------------------------------------------------------------------------

function look_at(id) {
  const step = search?.steps.get(id)
  if (!id || !$('pool').querySelector(`.dot[data-id="${id}"]`)) return
  search.looked_at = id
  mark()
  $('step').hidden = false
  if (!step) {
    $('step-facts').textContent = `Snapshot ${id}`
    $('step-text').textContent = 'Its text was not sent: the page read more slowly than the search went on.'
    return
  }
  $('step-facts').textContent = `Snapshot ${id}, step ${step.depth}, ${step.state}` +
    `, score ${number(step.score, 3)}` + (step.reward === null ? '' : `, reward ${number(step.reward, 3)}`)
  if (step.text === '') $('step-text').textContent = '(no text)'
  else set_text($('step-text'), step.text)
}

// The next dot in a direction; the first one where none is looked at.
function neighbour(direction) {
  const dots = [...$('pool').querySelectorAll('.dot')].map(dot => Number(dot.dataset.id)).filter(id => id > 0)
  const step = search.steps.get(search.looked_at)
  if (!step) return dots[0]
  const place = id => Number($('pool').querySelector(`.dot[data-id="${id}"]`).getAttribute('cy'))
  const nearest = ids => ids.map(id => ({ id, away: Math.abs(place(id) - place(step.id)) })).sort((a, b) => a.away - b.away)[0]?.id
  const at_depth = depth => dots.filter(id => search.steps.get(id)?.depth === depth)
  switch (direction) {
  case 'ArrowLeft': return step.parent
  case 'ArrowRight': return dots.find(id => search.steps.get(id)?.parent === step.id) ?? nearest(at_depth(step.depth + 1))
  case 'ArrowUp': return nearest(at_depth(step.depth).filter(id => place(id) < place(step.id)))
  case 'ArrowDown': return nearest(at_depth(step.depth).filter(id => place(id) > place(step.id)))
  case 'Home': return dots[0]
  case 'End': return search.chosen || dots[dots.length - 1]
  }
}

$('pool').addEventListener('keydown', event => {
  if (!/^(Arrow(Left|Right|Up|Down)|Home|End)$/.test(event.key) || event.ctrlKey || event.altKey || event.metaKey || !search) return
  event.preventDefault()
  look_at(neighbour(event.key))
  $('pool').querySelector('.looked-at')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
})

for (const kind of ['pointerover', 'click'])
  $('pool').addEventListener(kind, event => look_at(Number(event.target.closest?.('.dot')?.dataset.id ?? 0)))

// ---- The answer ------------------------------------------------------------------------------------------------------

function add_class(one) {
  const item = document.createElement('li'), bar = document.createElement('span')
  const name = document.createElement('span'), weight = document.createElement('span')
  bar.className = 'bar'
  bar.style.width = `${100 * one.weight}%`
  name.className = 'name'
  name.dir = 'auto'
  set_answer(name, one.answer)
  weight.className = 'weight'
  weight.textContent = `${(100 * one.weight).toFixed(1)}%, ${count(one.votes, 'vote')}`
  item.append(bar, name, weight)
  $('classes').append(item)
}

// What cut particles off, in words; a higher effort helps against a budget alone.
function limits(endings) {
  const words = { steps: 'the number of steps', answer_tokens: 'the length of answers', context: 'the context',
    budget: 'the budget (a higher effort may help)' }
  const cut = Object.keys(words).filter((name) => endings[name] > 0).map((name) => words[name])
  return cut.length > 0 ? ` by ${cut.join(', ')}` : ''
}

function take_answer(persamp) {
  show_numbers()
  search.answered = true
  clock()
  if (persamp.answer !== null) {
    set_answer($('answer'), persamp.answer)
  } else { // a poem, say
    $('answer').className = 'prose'
    set_text($('answer'), search.content)
  }
  $('classes').replaceChildren()
  for (const one of persamp.answers) add_class(one)
  set_text($('text'), search.content)
  $('whole').hidden = persamp.answer === null || search.content === ''
  $('whole').open = true
  $('n-tokens').textContent = persamp.tokens.generated.toLocaleString('en')
  $('n-selections').textContent = persamp.selections.toLocaleString('en')
  if (persamp.ess !== null) $('n-ess').textContent = number(persamp.ess, 1)
  complain(persamp.warning ?? '')
  say(`Answered in ${$('n-seconds').textContent} seconds: ${count(persamp.tokens.generated, 'token')}, ` +
    `${count(persamp.selections, 'selection')}.` +
    (persamp.truncated ? ` No particle finished its answer, so this one is cut off${limits(persamp.endings)}.` : ''))
}

// ---- The stream ------------------------------------------------------------------------------------------------------

function take_chunk(chunk) {
  if (chunk.error) {
    complain(words_of(chunk.error.code === 'shutting_down' ? 503 : 500, chunk.error))
    return
  }
  const choice = chunk.choices?.[0]
  if (choice?.index === 0 && choice.delta?.content) search.content += choice.delta.content
  if (chunk.persamp?.event) take_event(chunk.persamp.event)
  if (chunk.persamp?.picture) take_picture(chunk.persamp.picture)
  if (choice?.finish_reason && choice.index === 0 && chunk.persamp) take_answer(chunk.persamp)
}

// Whether the stream came to its end.
async function read(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = '', since = performance.now()
  for (;;) {
    if (performance.now() - since > 50) { // a stream that always has more would leave the browser no time to draw
      await new Promise(resolve => setTimeout(resolve))
      since = performance.now()
    }
    const { value, done } = await reader.read()
    if (done) return false
    const events = (rest + value).split('\n\n')
    rest = events.pop()
    for (const event of events) {
      if (event === 'data: [DONE]') return true
      if (event.startsWith('data: ')) take_chunk(JSON.parse(event.slice(6)))
    }
    show_numbers()
  }
}

function headers(more) {
  return key === '' ? more : { ...more, Authorization: `Bearer ${key}` }
}

function body_of(question) {
  const body = {
    model: $('model').value || undefined,
    messages: [{ role: 'user', content: question }],
    stream: true,
    persamp: { events: true, picture: true },
  }
  if ($('effort').value) body.reasoning_effort = $('effort').value
  return JSON.stringify(body)
}

async function refused(response) {
  const error = (await response.json().catch(() => ({}))).error
  if (response.status === 401) ask_for_key()
  complain(words_of(response.status, error, response.headers.get('Retry-After')))
  say('')
}

async function ask(question) {
  const mine = { controller: new AbortController(), stopped: false }
  running = mine
  busy(true)
  complain('')
  begin(question)
  say('Asked. The first step is being written …')
  const ticking = setInterval(clock, 100)
  try {
    const response = await fetch('v1/chat/completions', {
      method: 'POST',
      headers: headers({ 'Content-Type': 'application/json' }),
      body: body_of(question),
      signal: mine.controller.signal,
    })
    if (!response.ok) {
      $('search').hidden = true
      await refused(response)
    } else if (!await read(response) && !search.answered) {
      complain('The connection was lost before the answer came. When the server runs again, ask again.')
      say('')
    }
  } catch {
    if (mine.stopped) say('Stopped: the search was given up.')
    else {
      complain(search.steps.size > 0 ? 'The connection was lost before the answer came. When the server runs again, ask again.' : unreachable)
      say('')
    }
  } finally {
    clearInterval(ticking)
    if (!$('trouble').hidden && !search.answered) $('answer').textContent = '–'
    if (mine.stopped) $('answer').textContent = '–'
    running = null
    busy(false)
  }
}

// ---- The form --------------------------------------------------------------------------------------------------------

function busy(on) {
  const from = document.activeElement
  $('go').disabled = on
  $('stop').hidden = !on
  if (on && from === $('go')) $('stop').focus()
  if (!on && (from === $('stop') || from === document.body)) $('question').focus({ preventScroll: true })
}

$('ask').addEventListener('submit', event => {
  event.preventDefault()
  const question = $('question').value.trim()
  if (question !== '' && running === null) ask(question)
})

$('question').addEventListener('keydown', event => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  $('ask').requestSubmit()
})

// A browser may take minutes to lay out what the server will not take anyway.
$('question').addEventListener('beforeinput', event => {
  const more = event.data ?? event.dataTransfer?.getData('text/plain') ?? ''
  if ($('question').value.length + more.length <= 1 << 20) return
  event.preventDefault()
  complain(too_long)
})

$('stop').addEventListener('click', () => {
  if (running === null) return
  running.stopped = true
  running.controller.abort()
})

$('example').addEventListener('change', () => {
  if ($('example').value === '') return
  $('question').value = $('example').value
  $('example').selectedIndex = 0
  $('question').focus()
})

function ask_for_key() {
  $('key-row').hidden = false
  $('key').value = ''
  $('key').focus()
}

function use_key() {
  key = $('key').value.trim()
  complain('')
  meet()
}

$('use-key').addEventListener('click', use_key)
$('key').addEventListener('keydown', event => {
  if (event.key !== 'Enter') return
  event.preventDefault()
  use_key()
})

// The names of the server; while it loads its model there are none yet.
async function meet() {
  let response
  try {
    response = await fetch('v1/models', { headers: headers({}) })
  } catch {
    complain(unreachable)
    return
  }
  if (!response.ok) {
    if (response.status !== 401 || key !== '') await refused(response)
    else ask_for_key()
    return
  }
  const names = (await response.json()).data.map(model => model.id)
  if (names.length === 0) {
    say('The model is being loaded …')
    setTimeout(meet, 1000)
    return
  }
  say('')
  $('key-row').hidden = true
  $('model').replaceChildren(...names.map(name => new Option(name, name)))
  $('shipped').hidden = names[0] !== 'reasoner'
  $('question').focus()
}

meet()
