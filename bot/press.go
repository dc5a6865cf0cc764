package bot

import (
	"database/sql"
	"errors"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/store"
)

// pressLife is how long a button of a card that nobody repaints stays alive.
const pressLife = 30 * 24 * time.Hour

// Press is what a button stands for.
type Press struct {
	Command, Matter, Facts string
	Expired                bool
}

// arm swaps the commands of a card's buttons for tokens and writes down what
// they stand for. The same card about the same facts gets the same tokens.
func (d *Desk) arm(tx *store.Tx, c chat.Card, matter, facts string) (chat.Card, error) {
	if len(c.Buttons) == 0 {
		return c, nil
	}
	armed := make([]chat.Button, len(c.Buttons))
	copy(armed, c.Buttons)
	for i := range armed {
		if armed[i].Command == "" {
			continue
		}
		token, err := d.token(tx, armed[i].Command, matter, facts)
		if err != nil {
			return c, err
		}
		armed[i].Command = token
	}
	c.Buttons = armed
	return c, nil
}

func (d *Desk) token(tx *store.Tx, command, matter, facts string) (string, error) {
	token := d.mark("press", matter, facts, command)
	_, err := tx.Exec(`INSERT INTO press(token, command, matter, facts, until) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET until = excluded.until`,
		token, command, matter, facts, tx.Now()+pressLife.Milliseconds())
	return token, err
}

// FormToken is the token of a form whose answers become the arguments of line.
func (d *Desk) FormToken(tx *store.Tx, line, about string) (string, error) {
	return d.token(tx, line, "form", about)
}

// ErrNoPress: nothing is known of the token.
var ErrNoPress = errors.New("bot: no such button")

// Pressed tells what a token stands for.
func (d *Desk) Pressed(tx *store.Tx, token string) (Press, error) {
	var p Press
	var until int64
	err := tx.Row(`SELECT command, matter, facts, until FROM press WHERE token = ?`, token).Scan(&p.Command, &p.Matter, &p.Facts, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNoPress
	}
	p.Expired = until < tx.Now()
	return p, err
}
