// Where people write: text, files, and the list of commands.

import { announce, el, icon, size, w } from './dom.js'
import { upload, uuid } from './api.js'

let count = 0

// names are what a command of the list goes by.
const names = (x) => [x.name, ...(x.also || [])].map((n) => n.toLowerCase())

// composer makes one. o.place() tells the room and thread, o.menu the commands,
// o.send takes what was written: {key, channel, thread, text, files}.
export function composer(root, o) {
  const id = 'box' + ++count
  const box = el('textarea', {
    id, rows: 1, maxlength: o.maxText, dir: 'auto', autocomplete: 'off', enterkeyhint: 'send',
    role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': id + '-menu', 'aria-describedby': id + '-hint',
  })
  const label = el('label', { class: 'hide', for: id }, w('message'))
  const list = el('ul', { id: id + '-menu', class: 'menu', role: 'listbox', 'aria-label': w('commands'), hidden: true })
  const chips = el('ul', { class: 'chips' })
  const sorry = el('p', { class: 'sorry', role: 'alert' })
  const pick = el('input', { type: 'file', multiple: true, hidden: true, tabindex: -1 })
  const attach = el('button', { class: 'icon', type: 'button', title: w('attach'), 'aria-label': w('attach'), onclick: () => pick.click() },
    icon('M14.500 9.500 9 15a3.200 3.200 0 0 1-4.500-4.500l6-6a2.100 2.100 0 0 1 3 3l-6 6a1 1 0 0 1-1.500-1.500L11 7'))
  const go = el('button', { class: 'icon go', type: 'submit', title: w('send'), 'aria-label': w('send') }, icon('M10 16V4.500M5 9.500l5-5 5 5'))
  const form = el('form', { class: 'writer' }, list, chips, el('div', { class: 'field' }, label, attach, pick, box, go), sorry,
    el('p', { class: 'hint', id: id + '-hint' }, w('hint')))
  root.replaceChildren(form)

  let files = [], busy = 0, chosen = -1, whole = -1, shown = [], drafts = {}, at = ''

  const grow = () => {
    box.style.height = 'auto'
    box.style.height = Math.min(box.scrollHeight, innerHeight * 0.4) + 'px'
    go.disabled = busy > 0 || !box.value.trim() && !files.length
  }

  function close() {
    list.hidden = true
    shown = []
    chosen = -1
    box.setAttribute('aria-expanded', 'false')
    box.removeAttribute('aria-activedescendant')
  }

  function choose(n) {
    chosen = n
    ;[...list.children].forEach((li, i) => {
      li.setAttribute('aria-selected', String(i === n))
      if (i === n) {
        li.scrollIntoView({ block: 'nearest' })
        box.setAttribute('aria-activedescendant', li.id)
      }
    })
  }

  function take(n) {
    box.value = box.value[0] + shown[n].name + ' '
    close()
    grow()
    box.focus()
  }

  function suggest() {
    const m = /^[/!／！]([^\s]*)$/u.exec(box.value)
    if (!m) return close()
    const want = m[1].toLowerCase()
    const all = o.menu()
    shown = all.filter((x) => names(x).some((n) => n.startsWith(want)))
    shown.push(...all.filter((x) => !shown.includes(x) && want && (x.name.toLowerCase().includes(want) || x.help.toLowerCase().includes(want))))
    whole = shown.findIndex((x) => names(x).includes(want))
    if (!shown.length || shown.length === 1 && whole === 0) return close()
    list.replaceChildren(...shown.map((x, i) => el('li', {
      id: `${id}-${i}`, role: 'option', onmousedown: (e) => { e.preventDefault(); take(i) },
    }, el('b', {}, m[0][0] + x.name), el('span', {}, x.help))))
    list.hidden = false
    box.setAttribute('aria-expanded', 'true')
    choose(Math.max(whole, 0))
  }

  function chip(f) {
    const li = el('li', {}, el('span', {}, f.name), el('small', {}, size(f.size)), el('button', {
      class: 'icon', type: 'button', 'aria-label': w('remove', { name: f.name }),
      onclick: () => { files = files.filter((x) => x !== f); li.remove(); grow() },
    }, icon('m6 6 8 8M14 6l-8 8')))
    chips.append(li)
  }

  async function add(list) {
    sorry.textContent = ''
    for (const file of list) {
      if (file.size > o.maxUpload || files.length >= 10) {
        sorry.textContent = w('error_file')
        continue
      }
      busy++
      grow()
      try {
        const f = await upload(o.place().channel, file)
        files.push(f)
        chip(f)
      } catch (err) {
        sorry.textContent = err.message || w(err.code)
      }
      busy--
      grow()
    }
  }

  function submit() {
    const text = box.value.trimEnd()
    if (busy || !text.trim() && !files.length) return
    sorry.textContent = ''
    o.send({ key: uuid(), ...o.place(), text, files: files.map((f) => f.id), names: files.map((f) => f.name) })
    box.value = ''
    files = []
    chips.replaceChildren()
    delete drafts[at]
    close()
    grow()
  }

  form.onsubmit = (e) => { e.preventDefault(); submit() }
  box.oninput = () => { grow(); suggest() }
  box.onblur = close
  box.onkeydown = (e) => {
    // While an input method composes, Enter chooses a word and sends nothing.
    if (e.isComposing || e.keyCode === 229) return
    if (!list.hidden) {
      if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
        e.preventDefault()
        return choose((chosen + (e.key === 'ArrowDown' ? 1 : shown.length - 1)) % shown.length)
      }
      // A command that stands there whole is sent, if no other was chosen.
      if (e.key === 'Tab' && !e.shiftKey || e.key === 'Enter' && !e.shiftKey && chosen !== whole) {
        e.preventDefault()
        return take(chosen)
      }
      if (e.key === 'Escape') {
        e.preventDefault()
        e.stopPropagation()
        return close()
      }
    }
    if (e.key === 'Enter' && !e.shiftKey) {
      e.preventDefault()
      submit()
    }
  }
  box.onpaste = (e) => {
    const got = [...e.clipboardData.files]
    if (got.length) { e.preventDefault(); add(got) }
  }
  pick.onchange = () => { add([...pick.files]); pick.value = '' }
  addEventListener('resize', grow)
  root.ondragover = (e) => e.preventDefault()
  root.ondrop = (e) => { e.preventDefault(); add([...e.dataTransfer.files]) }

  return {
    focus: () => box.focus(),
    // move turns it to another room or thread; what was begun is kept for each.
    move(where, hint) {
      if (at !== where) {
        if (at) drafts[at] = { text: box.value, files }
        at = where
        const d = drafts[at] || { text: '', files: [] }
        box.value = d.text
        files = d.files
        chips.replaceChildren()
        files.forEach(chip)
        sorry.textContent = ''
        close()
      }
      box.placeholder = hint
      label.textContent = hint
      grow()
    },
    // fill puts a text back for changing.
    fill(text) { box.value = text; grow(); box.focus(); announce(text) },
  }
}
