// Talking to the desk: requests, and the stream of changes.

export class Refused extends Error {
  constructor(status, body) {
    super(body.error || '')
    this.status = status
    this.code = body.code || ''
    this.field = body.field || ''
  }
}

let token = ''
export const setToken = (t) => { token = t }

// uuid names an action, so that repeating its request does not repeat it. It is
// made by hand because crypto.randomUUID is missing where the page is not https.
export function uuid() {
  const b = crypto.getRandomValues(new Uint8Array(16))
  b[6] = (b[6] & 15) | 64
  b[8] = (b[8] & 63) | 128
  const h = [...b].map((x) => x.toString(16).padStart(2, '0')).join('')
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`
}

async function send(path, options) {
  let res
  try {
    res = await fetch(path, { credentials: 'same-origin', signal: AbortSignal.timeout(45000), ...options })
  } catch {
    throw new Refused(0, { code: 'error_network' })
  }
  let body = {}
  try { body = await res.json() } catch { /* not JSON: the status says enough */ }
  if (res.status === 401) {
    location.assign('/')
    throw new Refused(401, body)
  }
  if (!res.ok) throw new Refused(res.status, body)
  return body
}

export const get = (path, query = {}) => send(path + '?' + new URLSearchParams(query), {})

export const post = (path, body) => send(path, {
  method: 'POST', body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json', 'X-Desk-Token': token },
})

export const upload = (channel, file) => send('/api/files?' + new URLSearchParams({ channel, name: file.name }), {
  method: 'POST', body: file,
  headers: { 'Content-Type': file.type || 'application/octet-stream', 'X-Desk-Token': token },
})

// follow keeps a stream open for ever. on has a function for each kind of event,
// and up(true|false) for the connection. The server speaks at least every 15
// seconds; a stream silent for 40 is dead, whatever the browser thinks.
export function follow(after, on) {
  let last = after, source, silence, again
  const alive = () => {
    clearTimeout(silence)
    silence = setTimeout(reopen, 40000)
  }
  const seen = (e) => {
    alive()
    if (e.lastEventId) last = e.lastEventId
  }
  function open() {
    clearTimeout(again)
    source = new EventSource('/events?after=' + encodeURIComponent(last))
    source.onopen = () => { alive(); on.up(true) }
    source.onerror = () => {
      on.up(false)
      // A refusal closes it for good, anything else it mends by itself.
      if (source.readyState === EventSource.CLOSED) { again = setTimeout(reopen, 2500) }
    }
    for (const kind of ['post', 'form']) {
      source.addEventListener(kind, (e) => { seen(e); on[kind](JSON.parse(e.data)) })
    }
    for (const kind of ['at', 'beat']) source.addEventListener(kind, seen)
    source.addEventListener('rooms', (e) => { seen(e); on.rooms() })
    source.addEventListener('bye', () => { close(); on.bye() })
    alive()
  }
  function close() {
    clearTimeout(silence)
    clearTimeout(again)
    if (source) source.close()
  }
  function reopen() { close(); on.up(false); open() }
  open()
  addEventListener('online', reopen)
}
