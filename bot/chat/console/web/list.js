// A scrolling list of posts, newest at the bottom: a room's, or a thread's.

import { dayKey, day, el, w } from './dom.js'
import { draw } from './cards.js'

const focusable = 'button, a, input, select, textarea'

export class List {
  // o: {me, thread(id), fresh(post), load(before) → {posts, more}, onstuck(bool)}
  constructor(scroll, box, o) {
    Object.assign(this, { scroll, box, o, posts: new Map(), pending: [], more: false, stuck: true, loading: false, turn: 0 })
    this.onscroll = () => {
      const gap = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight
      this.stuck = gap < 60
      if (o.onstuck) o.onstuck(this.stuck)
      if (scroll.scrollTop < 240) this.older()
    }
    scroll.addEventListener('scroll', this.onscroll, { passive: true })
    // Pictures and fonts change heights later; who was at the end stays there.
    const follow = new ResizeObserver(() => { if (this.stuck) this.end() })
    follow.observe(box)
    follow.observe(scroll)
  }

  end() { this.scroll.scrollTop = this.scroll.scrollHeight }

  reset() {
    this.turn++
    this.posts.clear()
    this.pending = []
    this.root = null
    this.more = false
    this.loading = false
    this.stuck = true
    this.box.replaceChildren()
  }

  // open loads the newest page. What the stream brings meanwhile is merged.
  async open() {
    const turn = this.turn
    this.loading = true
    const got = await this.o.load(0)
    if (turn !== this.turn) return false
    this.loading = false
    this.more = got.more
    if (got.root) this.root = got.root
    for (const p of got.posts) this.keep(p)
    this.paint()
    this.end()
    return true
  }

  async older() {
    if (!this.more || this.loading) return
    this.loading = true
    const turn = this.turn
    try {
      const first = Math.min(...[...this.posts.values()].map((p) => p.num))
      const got = await this.o.load(first)
      if (turn !== this.turn) return
      this.more = got.more
      this.loading = false // before painting, which tells where the beginning is
      for (const p of got.posts) this.keep(p)
      const below = this.scroll.scrollHeight - this.scroll.scrollTop
      this.paint()
      this.scroll.scrollTop = this.scroll.scrollHeight - below
    } catch { /* scrolling again asks again */ } finally {
      if (turn === this.turn) this.loading = false
    }
  }

  keep(p) {
    const old = this.posts.get(p.id)
    if (old && old.seq > p.seq) return false
    this.posts.set(p.id, p)
    return !old
  }

  // add shows a post that is new or has changed; true if it is new.
  add(p) {
    const fresh = this.keep(p)
    this.paint()
    if (this.stuck) this.end()
    return fresh
  }

  // under changes what is told of the thread under a post.
  under(root) {
    const p = this.posts.get(root.id)
    if (!p) return
    p.replies = root.replies
    p.last = root.last
    this.paint()
    if (this.stuck) this.end()
  }

  has(id) { return this.posts.has(id) }

  last() { return Math.max(0, ...[...this.posts.values()].map((p) => p.num)) }

  // paint makes the page show this.posts, touching only what differs, so that
  // focus, selection and unfolded texts survive.
  paint() {
    const now = new Map([...this.box.children].map((n) => [n.dataset.at, n]))
    const want = []
    const put = (at, stamp, make) => {
      let n = now.get(at)
      if (!n || n.dataset.stamp !== stamp) {
        const old = n
        n = make()
        n.dataset.at = at
        n.dataset.stamp = stamp
        if (old) replace(old, n)
      }
      now.delete(at)
      want.push(n)
    }
    const draws = (p, o) => put('p' + p.id, [p.seq, p.replies || 0, p.last || 0, Number(Boolean(o.fresh))].join(), () => draw(p, o))
    if (this.root) draws(this.root, { me: this.o.me })
    else if (!this.more && !this.loading) put('start', this.posts.size ? '1' : '0', () => el('p', { class: 'start' }, w(this.posts.size ? 'start' : 'empty')))
    let last = this.root ? dayKey(this.root.at) : ''
    let by = ''
    for (const p of [...this.posts.values()].sort((a, b) => a.num - b.num)) {
      const d = dayKey(p.at)
      if (d !== last) put('d' + d, day(p.at), () => el('h2', { class: 'day' }, el('span', {}, day(p.at))))
      draws(p, { me: this.o.me, thread: this.o.thread, fresh: this.o.fresh && this.o.fresh(p) })
      const who = [d, p.by ? p.by.id : '', Boolean(p.only)].join()
      want.at(-1).classList.toggle('follows', !p.card && who === by && d === last)
      by = p.card ? '' : who
      last = d
    }
    for (const p of this.pending) put('o' + p.key, p.state + (p.sorry || ''), () => this.o.waiting(p))
    for (const n of now.values()) n.remove()
    want.forEach((n, i) => { if (this.box.children[i] !== n) this.box.insertBefore(n, this.box.children[i] || null) })
  }
}

// replace keeps the focus on the same button of a repainted card.
function replace(old, n) {
  const at = old.contains(document.activeElement) ? [...old.querySelectorAll(focusable)].indexOf(document.activeElement) : -1
  old.replaceWith(n)
  if (at >= 0) {
    const all = [...n.querySelectorAll(focusable)]
    const to = all[Math.min(at, all.length - 1)]
    if (to) to.focus({ preventScroll: true })
  }
}
