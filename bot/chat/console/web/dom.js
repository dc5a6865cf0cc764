// Making elements. Strings only ever become text: nothing here can be HTML.

export const $ = (id) => document.getElementById(id)

// el('p', {class: 'x', onclick: f}, 'text', child, null)
export function el(tag, attrs = {}, ...children) {
  const e = document.createElement(tag)
  for (const [k, v] of Object.entries(attrs)) {
    if (v === null || v === undefined || v === false) continue
    if (typeof v === 'function') e[k] = v
    else e.setAttribute(k, v === true ? '' : v)
  }
  e.append(...children.filter((c) => c !== null && c !== undefined && c !== ''))
  return e
}

export function icon(path) {
  const ns = 'http://www.w3.org/2000/svg'
  const s = document.createElementNS(ns, 'svg')
  s.setAttribute('viewBox', '0 0 20 20')
  s.setAttribute('aria-hidden', 'true')
  const p = document.createElementNS(ns, 'path')
  p.setAttribute('d', path)
  s.append(p)
  return s
}

let words = {}
let lang = 'en'
export function setWords(w, l) { words = w; lang = l }

// w('replies', {n: 3})
export function w(key, slots = {}) {
  let s = words[key] ?? key
  for (const [k, v] of Object.entries(slots)) s = s.split('{' + k + '}').join(v)
  return s
}

const formats = {}
function format(name, options) {
  return formats[name + lang] ??= new Intl.DateTimeFormat(lang, options)
}

export const clock = (ms) => format('t', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(ms)
export const full = (ms) => format('f', { dateStyle: 'full', timeStyle: 'long' }).format(ms)
export const dayKey = (ms) => new Date(ms).toDateString()

export function day(ms) {
  if (dayKey(ms) === dayKey(Date.now())) return w('today')
  if (dayKey(ms) === dayKey(Date.now() - 86400000)) return w('yesterday')
  const same = new Date(ms).getFullYear() === new Date().getFullYear()
  return format('d' + same, { weekday: 'long', month: 'long', day: 'numeric', year: same ? undefined : 'numeric' }).format(ms)
}

// time says when: the clock on the same day, else the date as well.
export function time(ms) {
  const near = dayKey(ms) === dayKey(Date.now())
  const text = near ? clock(ms) : format('s', { month: 'short', day: 'numeric' }).format(ms) + ' ' + clock(ms)
  return el('time', { datetime: new Date(ms).toISOString(), title: full(ms) }, text)
}

export const number = (n) => new Intl.NumberFormat(lang).format(n)

export function size(bytes) {
  const f = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 })
  return bytes < 1024 * 1024 ? f.format(Math.max(1, Math.round(bytes / 1024))) + ' KB' : f.format(bytes / 1024 / 1024) + ' MB'
}

// announce tells a screen reader.
export function announce(text) {
  const n = el('p', {}, text.slice(0, 200))
  $('news').append(n)
  setTimeout(() => n.remove(), 8000)
}

// ask opens the dialog of confirmation; true if the answer was yes.
export function ask(question, yes, tone) {
  const d = $('confirm')
  $('confirm-text').textContent = question
  const b = $('confirm-yes')
  b.textContent = yes
  b.className = 'btn ' + (tone || 'primary')
  d.returnValue = ''
  d.showModal()
  return new Promise((done) => {
    d.addEventListener('close', () => done(d.returnValue === 'yes'), { once: true })
  })
}
