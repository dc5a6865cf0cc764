// Forms: what the desk asks of a person, one dialog at a time.

import { $, el, icon, number, w } from './dom.js'
import { post, uuid } from './api.js'

const open = new Map() // by id
const typed = new Map() // what was begun, by id
let current = null // the id of the one in the dialog
let next = null // the id of one that came while a dialog stood open
let unfolded = false // all that wait are shown, not only the newest
let filledAt = 0

// justFilled: what the desk says now is probably about what was just filled in.
export function justFilled() {
  return Date.now() - filledAt < 60000
}

// secret: nobody looking over a shoulder is to read the answer.
function secret(i) {
  return i.name.startsWith('secret_')
}

function control(i, id) {
  const common = { id, name: i.name, 'aria-describedby': id + '-hint', required: !i.optional, dir: 'auto' }
  if (i.kind === 'long') return el('textarea', { ...common, rows: 4 })
  if (i.kind === 'choice') {
    return el('select', common, el('option', { value: '' }, w('form_choose')),
      ...(i.options || []).map((o) => el('option', { value: o.value }, o.label)))
  }
  return el('input', { ...common, type: secret(i) ? 'password' : 'text', autocomplete: secret(i) ? 'one-time-code' : 'off' })
}

export function show(f) {
  if (current === f.id) return
  const dialog = $('form'), body = $('form-body')
  if (dialog.open) return bar()
  current = f.id
  const key = uuid()
  const values = typed.get(f.id) || {}
  const controls = []
  const fields = (f.form.inputs || []).map((i, n) => {
    const id = 'in' + n
    const c = control(i, id)
    c.value = values[i.name] ?? i.value ?? ''
    const hint = el('p', { class: 'note', id: id + '-hint', dir: 'auto' }, i.hint || '')
    const wrong = el('p', { class: 'sorry', role: 'alert' })
    c.oninput = () => { values[i.name] = c.value; typed.set(f.id, values); wrong.textContent = ''; c.removeAttribute('aria-invalid') }
    if (i.refused && c.value === i.value) c.setAttribute('aria-invalid', 'true')
    controls.push({ i, c, wrong })
    return el('div', { class: 'question' }, el('label', { for: id, dir: 'auto' }, i.label), c, hint, wrong)
  })
  const sorry = el('p', { class: 'sorry', role: 'alert' })
  const submit = el('button', { class: 'btn primary', type: 'submit' }, f.form.submit || w('send'))
  const cancel = el('button', { class: 'btn', type: 'button' }, f.form.cancel || w('cancel'))
  body.replaceChildren(el('h2', { id: 'form-title', dir: 'auto' }, f.form.title), f.form.intro ? el('p', { class: 'text', dir: 'auto' }, f.form.intro) : '',
    ...fields, sorry, el('div', { class: 'row' }, cancel, submit))
  body.lang = f.form.lang || ''
  cancel.onclick = () => dismiss(f)
  const blame = (x) => {
    x.wrong.textContent = w('form_required')
    x.c.setAttribute('aria-invalid', 'true')
    x.c.focus()
  }
  body.onsubmit = async (e) => {
    e.preventDefault()
    const missing = controls.find((x) => !x.i.optional && !x.c.value.trim())
    if (missing) return blame(missing)
    sorry.textContent = ''
    submit.disabled = true
    // What it leads to may come before the answer does.
    filledAt = Date.now()
    try {
      await post('/api/fill', { key, id: f.id, values: Object.fromEntries(controls.map((x) => [x.i.name, x.c.value])) })
      close(f.id)
    } catch (err) {
      // One that is closed already is not to wait for anybody any more.
      if (gone(err)) open.delete(f.id)
      const at = controls.find((x) => x.i.name === err.field)
      if (at) blame(at)
      else sorry.textContent = err.message || w(err.code)
    }
    submit.disabled = false
  }
  // Esc only puts it aside: it waits in the bar, with what was typed. The event
  // comes late, when the next form may stand in the dialog already.
  dialog.onclose = () => {
    if (dialog.open) return
    current = next = null
    bar()
  }
  dialog.showModal()
  const first = controls.find((x) => x.c.hasAttribute('aria-invalid')) || controls[0]
  if (first) first.c.focus()
  bar()
}

const gone = (err) => err.status === 404 || err.status === 409

function close(id) {
  open.delete(id)
  typed.delete(id)
  if (current === id) {
    current = null
    $('form').close()
    // What a form leads to may be another form, which takes its place.
    const f = open.get(next)
    next = null
    if (f) return show(f)
  }
  bar()
}

async function dismiss(f) {
  close(f.id)
  try { await post('/api/dismiss', { key: uuid(), id: f.id }) } catch (err) { if (!gone(err)) { open.set(f.id, f); bar() } }
}

// arrived takes a form from the stream or the first load.
export function arrived(f, asked) {
  if (f.closed) {
    // What was begun in a form goes on in the one that was asked in its stead.
    const begun = typed.get(f.id)
    if (f.next && begun && !typed.has(f.next)) typed.set(f.next, begun)
    return close(f.id)
  }
  open.set(f.id, f)
  if (asked) {
    if (document.querySelector('dialog[open]')) next = f.id
    else show(f)
  }
  bar()
}

// bar shows the newest form that waits; the others unfold, lest they cover the posts.
function bar() {
  const wait = [...open.values()].filter((f) => f.id !== current).reverse()
  if (wait.length < 2) unfolded = false
  const more = wait.length < 2 ? null : el('button', {
    class: 'link', type: 'button', 'aria-expanded': String(unfolded),
    onclick: () => { unfolded = !unfolded; bar(); $('waiting').querySelector('.link').focus() },
  }, unfolded ? w('less') : w('form_more', { n: number(wait.length - 1) }))
  $('waiting').replaceChildren(...(unfolded ? wait : wait.slice(0, 1)).map((f, i) => {
    const says = w('form_waits', { title: f.form.title })
    const cancel = w('form_cancel', { title: f.form.title })
    return el('div', { class: 'notice' }, el('p', { dir: 'auto', title: says }, says), i === 0 ? more : null,
      el('button', { class: 'btn', type: 'button', onclick: () => show(f) }, w('form_open')),
      el('button', { class: 'icon', type: 'button', title: cancel, 'aria-label': cancel, onclick: () => dismiss(f) }, icon('m5 5 10 10M15 5 5 15')))
  }))
}
