package main

import "strings"

// The console's statements. Every change takes the next number of console_seq in
// its own transaction; the row's lock puts the numbers in the order of commits.
const (
	sqlConsoleNext = `UPDATE console_seq SET n = n + 1 WHERE one = 1 RETURNING n`
	sqlConsoleHead = `SELECT n FROM console_seq WHERE one = 1`

	consolePostColumns = `num, seq, channel, id, thread, reader, ukey, body, at, edited, withheld`
	sqlConsolePost     = `SELECT ` + consolePostColumns + ` FROM console_post WHERE channel = ? AND id = ?`
	sqlConsoleByKey    = `SELECT ` + consolePostColumns + ` FROM console_post WHERE channel = ? AND reader = ? AND ukey = ? AND ukey <> ''`
	sqlConsoleAppend   = `INSERT INTO console_post(num, seq, channel, id, thread, reader, ukey, author, is_card, body, at, edited, withheld)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`
	sqlConsoleIsCard = `SELECT body FROM console_post WHERE channel = ? AND id = ? AND is_card = 1`
	sqlConsoleEdit   = `UPDATE console_post SET body = ?, edited = ?, seq = ? WHERE channel = ? AND id = ?`
	sqlConsoleHidden = `SELECT withheld FROM console_post WHERE channel = ? AND id = ?`
	sqlConsoleShow   = `UPDATE console_post SET withheld = 0, seq = ? WHERE channel = ? AND id = ?`
	sqlConsolePage   = `SELECT ` + consolePostColumns + `,
		(SELECT COUNT(*) FROM console_post r WHERE r.channel = p.channel AND r.thread = p.id AND r.withheld = 0 AND r.reader IN ('', ?)),
		(SELECT COALESCE(MAX(r.at), 0) FROM console_post r WHERE r.channel = p.channel AND r.thread = p.id AND r.withheld = 0 AND r.reader IN ('', ?))
		FROM console_post p WHERE p.channel = ? AND p.thread = ? AND p.withheld = 0 AND p.reader IN ('', ?) AND p.num < ?
		ORDER BY p.num DESC LIMIT ?`
	sqlConsoleReplies = `SELECT COUNT(*), COALESCE(MAX(at), 0) FROM console_post
		WHERE channel = ? AND thread = ? AND withheld = 0 AND reader IN ('', ?)`

	sqlConsoleMark = `INSERT INTO console_mark(reader, channel, num) VALUES (?, ?, ?)
		ON CONFLICT (reader, channel) DO UPDATE SET num = excluded.num WHERE excluded.num > console_mark.num`

	consoleFormColumns   = `id, seq, person, body, at, closed_by`
	sqlConsoleForm       = `SELECT ` + consoleFormColumns + ` FROM console_form WHERE id = ?`
	sqlConsoleAsk        = `INSERT INTO console_form(id, seq, person, body, at) VALUES (?, ?, ?, ?, ?)`
	sqlConsoleCloseForm  = `UPDATE console_form SET closed_by = ?, seq = ? WHERE id = ? AND closed_by = ''`
	sqlConsoleForms      = `SELECT ` + consoleFormColumns + ` FROM console_form WHERE person = ? AND seq > ? ORDER BY seq`
	sqlConsoleFormsOpen  = `SELECT ` + consoleFormColumns + ` FROM console_form WHERE person = ? AND closed_by = '' ORDER BY seq`
	sqlConsoleSession    = `SELECT person, at, until FROM console_session WHERE hash = ?`
	sqlConsoleAddSession = `INSERT INTO console_session(hash, person, at, until) VALUES (?, ?, ?, ?)`
	sqlConsoleOldSession = `DELETE FROM console_session WHERE until < ?`
	sqlConsoleDrop       = `DELETE FROM console_session WHERE hash = ?`

	sqlConsoleAddFile = `INSERT INTO console_file(id, name, mime, channel, reader, author, at, data)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
	sqlConsoleFile = `SELECT name, mime, channel, reader, author, at, data FROM console_file WHERE id = ?`
)

// sqlConsoleSince and sqlConsoleUnread ask about n rooms.
func sqlConsoleSince(n int) string {
	return `SELECT ` + consolePostColumns + ` FROM console_post WHERE seq > ? AND withheld = 0 AND reader IN ('', ?)
		AND channel IN (` + consoleMarks(n) + `) ORDER BY seq LIMIT ?`
}

func sqlConsoleUnread(n int) string {
	return `SELECT p.channel, COUNT(*) FROM console_post p
		LEFT JOIN console_mark m ON m.reader = ? AND m.channel = p.channel
		WHERE p.channel IN (` + consoleMarks(n) + `) AND p.num > COALESCE(m.num, 0)
		AND p.withheld = 0 AND p.reader IN ('', ?) AND p.author <> ? GROUP BY p.channel`
}

func consoleMarks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }
