package approvals

import (
	"errors"
	"time"

	"helloworld/bot/people"
	"helloworld/bot/store"
)

// Question is something that was asked back before somebody decided.
type Question struct {
	ID       string
	Approval ID
	By       people.ID
	Text     string
	At       time.Time
	// Answer is empty while nobody has answered.
	Answer     string
	AnsweredBy people.ID
	Answered   time.Time
}

// ErrNoQuestion: nothing is open that could be answered.
var ErrNoQuestion = errors.New("approvals: no open question")

// AskBack writes a question down. The approval stays open and its clock goes on.
func AskBack(tx *store.Tx, id ID, by people.ID, text string) (Question, error) {
	a, err := get(tx, id, true)
	if err != nil {
		return Question{}, err
	}
	if a.State == Expired || tx.Now() > a.Until.UnixMilli() && a.State == Waiting {
		return Question{}, ErrLate
	}
	if a.State != Waiting {
		return Question{}, ErrDecided
	}
	q := Question{ID: tx.NewID(), Approval: id, By: by, Text: text, At: time.UnixMilli(tx.Now())}
	_, err = tx.Exec(`INSERT INTO approval_question(id, approval, asked_by, text, at) VALUES (?, ?, ?, ?, ?)`,
		q.ID, string(id), string(by), text, tx.Now())
	return q, err
}

// Answer answers the newest question that nobody has answered.
func Answer(tx *store.Tx, id ID, by people.ID, text string) (Question, error) {
	all, err := Questions(tx, id)
	if err != nil {
		return Question{}, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		q := all[i]
		if q.Answer != "" {
			continue
		}
		n, err := tx.Exec(`UPDATE approval_question SET answer = ?, told_by = ?, told = ? WHERE id = ? AND answer = ''`,
			text, string(by), tx.Now(), q.ID)
		if err != nil || n == 0 {
			return q, errors.Join(err, ErrNoQuestion)
		}
		q.Answer, q.AnsweredBy, q.Answered = text, by, time.UnixMilli(tx.Now())
		return q, nil
	}
	return Question{}, ErrNoQuestion
}

// Questions lists what was asked back, oldest first.
func Questions(tx *store.Tx, id ID) ([]Question, error) {
	rows, err := tx.Query(`SELECT id, approval, asked_by, text, at, answer, told_by, told FROM approval_question WHERE approval = ? ORDER BY at, id`, string(id))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Question
	for rows.Next() {
		var q Question
		var at, told int64
		if err := rows.Scan(&q.ID, &q.Approval, &q.By, &q.Text, &at, &q.Answer, &q.AnsweredBy, &told); err != nil {
			return nil, err
		}
		q.At = time.UnixMilli(at)
		if told > 0 {
			q.Answered = time.UnixMilli(told)
		}
		out = append(out, q)
	}
	return out, rows.Err()
}
