// Drawing a post: the desk's cards, and what people wrote.

import { $, announce, ask, clock, el, full, icon, number, size, time, w } from './dom.js'
import { post as send, uuid } from './api.js'

const marks = {
  good: 'm5 10.5 3.500 3.500L15 6.500',
  warning: 'M10 5.500v5.500M10 14.200v.3',
  bad: 'm6 6 8 8M14 6l-8 8',
}

// opened remembers which long texts a person unfolded, across repaints.
const opened = new Set()

function long(node, id) {
  const text = node.textContent
  if (text.length < 900 && text.split('\n').length < 14) return [node]
  const b = el('button', { class: 'link', type: 'button' })
  const set = (open) => {
    node.classList.toggle('folded', !open)
    b.textContent = w(open ? 'less' : 'more')
    b.setAttribute('aria-expanded', String(open))
    if (open) opened.add(id)
    else opened.delete(id)
  }
  b.onclick = () => set(node.classList.contains('folded'))
  set(opened.has(id))
  return [node, b]
}

function words(tag, cls, text, lang) {
  return el(tag, { class: cls, lang: lang || null, dir: 'auto' }, text || '')
}

async function copy(text, button) {
  let ok = false
  try {
    await navigator.clipboard.writeText(text)
    ok = true
  } catch {
    // Pages that are not https have no clipboard; the old way works there.
    const area = el('textarea', { class: 'hide', 'aria-hidden': 'true' })
    area.value = text
    document.body.append(area)
    area.select()
    ok = document.execCommand('copy')
    area.remove()
  }
  if (!ok) return
  button.textContent = w('copied')
  announce(w('copied'))
  setTimeout(() => { button.textContent = w('copy') }, 1600)
}

function image(file, alt) {
  if (!file || !file.url) return null
  let u
  try { u = new URL(file.url, location.href) } catch { return null }
  if (u.origin !== location.origin) {
    // A picture from elsewhere would tell its host who looks at it, and when.
    if (u.protocol !== 'https:' && u.protocol !== 'http:') return null
    return el('a', { class: 'file', href: u.href, target: '_blank', rel: 'noopener noreferrer' }, w('picture_at', { host: u.host }))
  }
  const img = el('img', { src: u.pathname, alt: alt || file.name || w('picture'), loading: 'lazy', decoding: 'async' })
  return el('button', {
    class: 'picture', type: 'button', onclick: () => {
      $('zoom-image').src = u.pathname
      $('zoom-image').alt = img.alt
      $('zoom').showModal()
    },
  }, img)
}

function label(p) { return p.label ? el('div', { class: 'label', dir: 'auto' }, p.label) : null }

// wide tells that a value would take three lines of a phone's half row; what is
// not Latin counts double.
const wide = (s) => [...s].reduce((n, c) => n + (c < '\u2000' ? 1 : 2), 0) > 40

const parts = {
  text: (p, id) => [label(p), ...long(words('p', 'text', p.text, p.lang), id)],
  quote: (p, id) => [el('figure', { class: 'quote' },
    p.label ? el('figcaption', { class: 'label', dir: 'auto' }, p.label) : null,
    ...long(words('blockquote', 'text', p.text, p.lang), id))],
  fields: (p) => [label(p), el('dl', { class: 'fields' }, ...(p.fields || []).map((f) =>
    el('div', { class: wide(f.value) ? 'wide' : null }, el('dt', { dir: 'auto' }, f.label), el('dd', { dir: 'auto' }, f.value))))],
  image: (p) => [label(p), image(p.file, p.text), p.text ? words('p', 'note', p.text, p.lang) : null],
  progress: (p) => {
    const done = p.done || 0, total = p.total || 0
    const name = p.label || p.text || w('progress', { done: number(done), total: number(total) })
    const bar = el('progress', { 'aria-label': name, max: total || null, value: total ? Math.min(done, total) : null })
    const said = total ? w('progress', { done: number(done), total: number(total) }) + ' · ' + Math.floor(Math.min(done / total, 1) * 100) + ' %' : ''
    return [el('div', { class: 'progress' },
      el('div', { class: 'row' }, el('span', { class: 'label', dir: 'auto' }, p.label || ''), el('span', { class: 'count' }, said)), bar,
      p.text ? words('p', 'note', p.text, p.lang) : null)]
  },
  code: (p) => {
    const b = el('button', { class: 'copy', type: 'button' }, w('copy'))
    b.onclick = () => copy(p.text || '', b)
    return [label(p), el('div', { class: 'code' }, el('code', { dir: 'ltr', translate: 'no' }, p.text || ''), b)]
  },
  note: (p) => [label(p), words('p', 'note', p.text, p.lang)],
}

function buttons(p, card, state) {
  if (!card.buttons || !card.buttons.length) return null
  const said = el('span', { class: 'said', role: 'status' })
  const row = el('div', { class: 'buttons', role: 'group', 'aria-label': card.title || null })
  const all = []
  const press = async (b, key) => {
    all.forEach((x) => { x.disabled = true })
    b.setAttribute('aria-busy', 'true')
    said.className = 'said'
    said.textContent = w('sending')
    try {
      await send('/api/press', { key, channel: p.channel, id: p.id, token: b.dataset.token })
      said.textContent = w('pressed')
      setTimeout(() => { if (said.textContent === w('pressed')) said.textContent = '' }, 4000)
    } catch (err) {
      said.className = 'said sorry'
      said.textContent = (err.message || w(err.code)) + ' '
      // The same press again, under its own name: it counts once.
      said.append(el('button', { class: 'link', type: 'button', onclick: () => press(b, key) }, w('retry')))
    }
    b.removeAttribute('aria-busy')
    all.forEach((x) => { x.disabled = false })
  }
  for (const button of card.buttons) {
    const cls = 'btn ' + (button.tone || '')
    if (button.url) {
      let u
      try { u = new URL(button.url, location.href) } catch { continue }
      if (u.protocol !== 'https:' && u.protocol !== 'http:') continue
      row.append(el('a', { class: cls, href: u.href, target: '_blank', rel: 'noopener noreferrer' }, button.label))
      continue
    }
    const b = el('button', { class: cls, type: 'button', 'data-token': button.command || '' }, button.label)
    b.onclick = async () => {
      if (button.confirm && !await ask(button.confirm, button.label, button.tone)) return
      press(b, uuid())
    }
    all.push(b)
    row.append(b)
  }
  row.append(said)
  return row
}

function card(p) {
  const c = p.card
  const tone = ['good', 'warning', 'bad'].includes(c.tone) ? c.tone : ''
  const mark = tone ? el('span', { class: 'mark' }, icon(marks[tone]), w('tone_' + tone)) : null
  const head = c.title || mark ? el('div', { class: 'head' }, c.title ? words('h3', '', c.title) : null, mark) : null
  const body = (c.parts || []).flatMap((part, i) => (parts[part.kind] || parts.text)(part, p.id + ':' + i))
  const foot = c.foot || p.edited ? el('p', { class: 'foot' },
    c.foot ? el('span', { dir: 'auto' }, c.foot) : null,
    p.edited ? el('span', { title: full(p.edited) }, w('edited', { time: clock(p.edited) })) : null) : null
  return el('div', { class: 'card ' + tone, lang: c.lang || null }, head, ...body, buttons(p, c), foot)
}

function files(p) {
  return (p.files || []).map((f) => f.image ? image({ url: f.url, name: f.name }, f.name)
    : el('a', { class: 'file', href: f.url, download: f.name }, f.name, f.size ? el('small', {}, size(f.size)) : null))
}

const hues = [12, 38, 92, 152, 196, 222, 262, 322]
function hue(id) {
  let n = 0
  for (const c of id) n = (n * 31 + c.codePointAt(0)) >>> 0
  return hues[n % hues.length]
}

// face is the first letter of a name, in a colour of its own.
export function face(by) {
  if (!by) return el('span', { class: 'face desk', 'aria-hidden': 'true' }, icon('M5 6h10v7H9l-3 2.500V13H5zM8 9.500h4'))
  const f = el('span', { class: 'face', 'aria-hidden': 'true' }, [...(by.name || by.id)][0] || '?')
  f.style.setProperty('--hue', hue(by.id))
  return f
}

// summary is a post in a few words, for those who listen.
export function summary(p) {
  if (!p.card) return (p.by.name || p.by.id) + ': ' + p.text
  const first = (p.card.parts || []).find((x) => x.text)
  return w('desk') + ': ' + [p.card.title, first && first.text].filter(Boolean).join('. ')
}

// draw makes the element of a post. o.me is the reader's id; o.thread opens a
// thread, and is absent inside one.
export function draw(p, o) {
  const who = p.by ? p.by.name || p.by.id : w('desk')
  const mine = p.by && p.by.id === o.me
  const name = el('span', { class: 'name', dir: 'auto' }, who, mine ? el('small', {}, ' (' + w('you') + ')') : '')
  const body = p.card ? card(p) : el('div', { class: 'said-by' },
    p.text ? el('div', {}, ...long(words('p', 'text', p.text), p.id)) : null, ...files(p))
  const tools = o.thread ? el('button', {
    class: 'icon tool', type: 'button', title: w('reply_in'), 'aria-label': w('reply_in'), onclick: () => o.thread(p.id),
  }, icon('M4 5h12v8H9l-3.500 3v-3H4z')) : null
  const replies = o.thread && p.replies ? el('button', {
    class: 'replies' + (o.fresh ? ' fresh' : ''), type: 'button', onclick: () => o.thread(p.id),
  }, w('replies', { n: number(p.replies) }), p.last ? time(p.last) : null, o.fresh ? el('b', {}, w('new_here')) : null) : null
  return el('article', { class: 'post' + (p.only ? ' private' : '') + (mine ? ' mine' : ''), 'data-id': p.id },
    face(p.by),
    el('div', { class: 'body' },
      el('div', { class: 'line' }, name, time(p.at), p.only ? el('span', { class: 'only' }, w('only_you')) : null),
      body, replies),
    tools)
}
