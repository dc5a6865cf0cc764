// The page: rooms on the left, posts in the middle, a thread on the right.

import { $, announce, el, setWords, w } from './dom.js'
import { follow, get, post, setToken } from './api.js'
import { face, summary } from './cards.js'
import { composer } from './composer.js'
import { List } from './list.js'
import * as forms from './forms.js'

let state, room = null, root = '', list, thread, box, threadBox
const counted = new Set()
const wide = matchMedia('(min-width: 760px)')

// memory is this browser's own: what was not sent yet, which threads were seen.
const memory = {
  get(name, empty) {
    try { return JSON.parse(localStorage.getItem(state.me.id + ':' + name)) ?? empty } catch { return empty }
  },
  set(name, value) {
    try { localStorage.setItem(state.me.id + ':' + name, JSON.stringify(value)) } catch { /* a private window: kept until it closes */ }
  },
}

let outbox = []
const saveOutbox = () => memory.set('outbox', outbox.map(({ key, channel, thread, text, files, names }) => ({ key, channel, thread, text, files, names })))

function showOutbox() {
  if (!room) return
  list.pending = outbox.filter((p) => p.channel === room.id && !p.thread && !list.has(p.id))
  thread.pending = outbox.filter((p) => p.channel === room.id && p.thread === root && root && !thread.has(p.id))
  for (const l of [list, thread]) {
    l.paint()
    if (l.stuck) l.end()
  }
}

async function deliver(p) {
  p.state = 'sending'
  if (!outbox.includes(p)) outbox.push(p)
  saveOutbox()
  showOutbox()
  try {
    const { key, channel, thread, text, files } = p
    p.id = (await post('/api/say', { key, channel, thread, text, files })).id
    // It stays on the page as being sent until the stream brings it back.
    memory.set('outbox', outbox.filter((x) => x !== p && !x.id))
    if (list.has(p.id) || thread.has(p.id)) outbox = outbox.filter((x) => x !== p)
  } catch (err) {
    p.state = 'failed'
    p.sorry = err.message || w(err.code)
    announce(w('not_sent') + ' ' + p.sorry)
  }
  showOutbox()
}

function waiting(p) {
  const forget = () => { outbox = outbox.filter((x) => x !== p); saveOutbox(); showOutbox() }
  return el('article', { class: 'post mine waiting' + (p.state === 'failed' ? ' failed' : '') }, face(state.me), el('div', { class: 'body' },
    el('div', { class: 'line' }, el('span', { class: 'name' }, state.me.name)),
    el('div', { class: 'said-by' }, el('p', { class: 'text', dir: 'auto' }, [p.text, ...(p.names || [])].filter(Boolean).join('\n'))),
    el('p', { class: 'status' }, ...(p.state === 'failed' ? [
      el('b', {}, w('not_sent')), ' ' + (p.sorry || '') + ' ',
      el('button', { class: 'link', type: 'button', onclick: () => deliver(p) }, w('retry')), ' ',
      el('button', { class: 'link', type: 'button', onclick: forget }, w('discard')),
    ] : [w('sending')]))))
}

// The rooms.

function paintRooms() {
  $('rooms').replaceChildren(...state.channels.map((c) => el('li', {}, el('a', {
    href: '#' + new URLSearchParams({ c: c.id }), class: (c.unread ? 'unread ' : '') + (c.direct ? 'direct' : ''),
    'aria-current': room && room.id === c.id ? 'page' : null,
  }, el('span', { class: 'hash', 'aria-hidden': 'true' }, c.direct ? '@' : '#'), el('span', { class: 'label', dir: 'auto' }, c.name || c.id),
  c.unread ? el('span', { class: 'badge', 'aria-label': w('unread', { n: c.unread }) }, c.unread > 99 ? '99+' : String(c.unread)) : null))))
  const all = state.channels.reduce((n, c) => n + (c.unread || 0), 0)
  document.title = (all ? `(${all}) ` : '') + (room ? (room.name || room.id) + ' · ' : '') + w('name')
}

let marking
function markRead() {
  if (!room || document.hidden || document.body.dataset.view === 'list' && !wide.matches) return
  const num = Math.max(list.last(), room.seen || 0)
  if (room.unread) { room.unread = 0; paintRooms() }
  if (num <= (room.marked || 0)) return
  const at = room
  clearTimeout(marking)
  marking = setTimeout(() => {
    post('/api/read', { channel: at.id, num }).then(() => { at.marked = num }, () => { /* the next post tries again */ })
  }, 300)
}

const since = () => memory.get('since', 0)
const threadSeen = (id) => memory.get('threads', {})[room.id + '/' + id] || since()
function seeThread(id, at) {
  const all = memory.get('threads', {})
  all[room.id + '/' + id] = Math.max(at || 0, Date.now())
  memory.set('threads', Object.fromEntries(Object.entries(all).slice(-500)))
}

function go(c, t) {
  const to = '#' + new URLSearchParams(t ? { c, t } : { c })
  if (location.hash !== to) location.hash = to
}

async function route() {
  const h = new URLSearchParams(location.hash.slice(1))
  let c = state.channels.find((x) => x.id === h.get('c'))
  const none = !c
  if (!c) c = state.channels.find((x) => x.unread) || state.channels[0]
  const t = none ? '' : h.get('t') || ''
  document.body.dataset.view = none ? 'list' : t ? 'thread' : 'room'
  if (none && !wide.matches) { room = null; root = ''; list.reset(); thread.reset(); paintRooms(); return }
  const moved = !room || room.id !== c.id
  room = c
  const here = c.name || c.id
  if (moved) {
    $('room-name').textContent = here
    $('room-about').textContent = c.about || ''
    $('newest').hidden = true
    list.reset()
    box.move(c.id, w('message_in', { name: here }))
  }
  const other = moved || root !== t
  if (other) {
    const before = root
    root = t
    $('thread').hidden = !t
    thread.reset()
    if (t) {
      $('thread-room').textContent = here
      threadBox.move(c.id + '/' + t, w('to_thread'))
    } else if (before && !moved) {
      const back = $('posts').querySelector(`[data-at="p${CSS.escape(before)}"] .replies, [data-at="p${CSS.escape(before)}"] .tool`)
      if (back) back.focus({ preventScroll: true })
    }
  }
  paintRooms()
  showOutbox()
  const jobs = []
  if (moved) jobs.push(list.open())
  if (other && t) jobs.push(thread.open().then((ok) => { if (ok) { seeThread(t); list.paint() } }))
  try {
    await Promise.all(jobs)
  } catch (err) {
    if (err.status === 404 && t) return go(c.id)
    announce(err.message || w(err.code))
    $('offline').hidden = false
  }
  showOutbox()
  markRead()
  if (other && wide.matches && !document.querySelector('dialog[open]')) (t ? threadBox : box).focus()
}

// The stream.

function arrived(p) {
  const c = state.channels.find((x) => x.id === p.channel)
  if (!c) return
  const mine = p.by && p.by.id === state.me.id
  const late = p.num > state.head || p.by && p.seq > state.head
  const isNew = late && !counted.has(p.id) && !list.has(p.id) && !thread.has(p.id)
  counted.add(p.id)
  outbox = outbox.filter((x) => x.id !== p.id)
  const here = room && room.id === p.channel
  c.seen = Math.max(c.seen || 0, p.num)
  if (here && !list.loading) {
    if (p.root) {
      if (p.thread === root) {
        thread.add(p)
        seeThread(root, p.at)
      }
      list.under(p.root)
    } else {
      list.add(p)
      if (isNew && !mine && !list.stuck) $('newest').hidden = false
      if (p.id === root && thread.root) { thread.root = p; thread.paint() }
    }
    showOutbox()
    if (isNew && !mine) announce(summary(p))
    // The draft that a filled form made stands in a thread: show it.
    if (isNew && !mine && p.thread && !root && forms.justFilled()) go(c.id, p.thread)
  } else if (here) {
    // The page is on its way and may be older than this.
    const l = p.thread ? (p.thread === root ? thread : null) : list
    if (l) l.keep(p)
  }
  if (isNew && !mine) {
    c.unread = (c.unread || 0) + 1
    paintRooms()
  }
  if (here) markRead()
}

async function refresh() {
  const s = await get('/api/state')
  const old = new Map(state.channels.map((c) => [c.id, c]))
  state.channels = s.channels.map((c) => Object.assign(old.get(c.id) || {}, c))
  state.menu = s.menu
  paintRooms()
  markRead()
}

function paintDemo() {
  if (!state.demo) return
  $('demo').hidden = false
  $('demo').replaceChildren(el('strong', {}, w('demo')), el('form', { method: 'post', action: '/demo' }, ...state.demo.map((p) =>
    el('button', { name: 'person', value: p.id, 'aria-pressed': String(Boolean(p.me)) }, p.name, p.role ? el('small', {}, p.role) : null))))
}

async function start() {
  state = await get('/api/state')
  setToken(state.token)
  setWords(state.words, state.lang)
  if (!since()) memory.set('since', Date.now())
  outbox = memory.get('outbox', []).map((p) => ({ ...p, state: 'failed' }))
  $('me-face').replaceWith(face(state.me))
  $('langs').replaceChildren(...state.langs.map((l) => el('option', { value: l.tag, lang: l.tag, selected: l.tag === state.lang }, l.name)))
  $('langs').onchange = async () => {
    try { await post('/api/language', { lang: $('langs').value }); location.reload() } catch (err) { announce(err.message) }
  }
  paintDemo()
  const open = (id) => go(room.id, id)
  list = new List($('scroll'), $('posts'), {
    me: state.me.id, thread: open, waiting, fresh: (p) => p.last > threadSeen(p.id),
    load: (before) => get('/api/posts', { channel: room.id, ...(before ? { before } : {}) }),
    onstuck: (yes) => { if (yes) $('newest').hidden = true },
  })
  thread = new List($('thread-scroll'), $('replies'), {
    me: state.me.id, waiting,
    load: (before) => get('/api/posts', { channel: room.id, thread: root, ...(before ? { before } : {}) }),
  })
  const common = { menu: () => state.menu, maxText: state.maxText, maxUpload: state.maxUpload, send: deliver }
  box = composer($('compose'), { ...common, place: () => ({ channel: room.id, thread: '' }) })
  threadBox = composer($('thread-compose'), { ...common, place: () => ({ channel: room.id, thread: root }) })
  $('newest').onclick = () => { list.stuck = true; list.end(); $('newest').hidden = true }
  $('to-list').onclick = () => { location.hash = '' }
  $('to-room').onclick = $('shut').onclick = () => go(room.id)
  addEventListener('keydown', (e) => {
    if (e.key === 'Escape' && !e.defaultPrevented && root && !document.querySelector('dialog[open]')) go(room.id)
  })
  addEventListener('hashchange', route)
  wide.addEventListener('change', route)
  document.addEventListener('visibilitychange', () => { if (!document.hidden) markRead() })
  state.forms.forEach((f) => forms.arrived(f, false))
  await route()
  let down = false
  follow(state.head, {
    post: arrived,
    form: (f) => forms.arrived(f, true),
    rooms: () => refresh().catch(() => {}),
    bye: () => location.reload(),
    up(yes) {
      $('offline').hidden = yes
      if (yes && down) refresh().catch(() => {})
      down = !yes
    },
  })
}

start().catch((err) => {
  $('offline').hidden = false
  if (err.status !== 401) setTimeout(() => location.reload(), 4000)
})
