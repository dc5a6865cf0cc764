package main

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console"
	"helloworld/bot/store"
)

// consoleForm is what of a form is only ever read whole.
type consoleForm struct {
	Place chat.Place `json:"place"`
	Form  chat.Form  `json:"form"`
}

// form reads one.
func (k consoleKeep) form(s consoleRow) (console.Asked, error) {
	var (
		a    console.Asked
		body string
		at   int64
		b    consoleForm
	)
	if err := s.Scan(&a.ID, &a.Seq, &a.Person, &body, &at, &a.ClosedBy); err != nil {
		return a, err
	}
	if !strings.HasPrefix(body, "{") {
		raw, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return a, err
		}
		plain, err := k.seal.Open(raw, "form "+a.ID)
		if err != nil { // the key is another one by now: it cannot be answered any more
			plain, a.ClosedBy = []byte("{}"), "lost"
		}
		body = string(plain)
	}
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		return a, err
	}
	a.Place, a.Form, a.At = b.Place, b.Form, consoleTime(at)
	return a, nil
}

func (k consoleKeep) AskForm(ctx context.Context, f console.Asked) error {
	body, err := json.Marshal(consoleForm{f.Place, f.Form})
	if err != nil {
		return err
	}
	if f.Form.Secret() {
		sealed, err := k.seal.Seal(body, "form "+f.ID)
		if err != nil {
			return err
		}
		body = []byte(base64.StdEncoding.EncodeToString(sealed))
	}
	return k.db.Write(ctx, func(tx *store.Tx) error {
		var n int64
		if err := tx.Row(sqlConsoleNext).Scan(&n); err != nil {
			return err
		}
		_, err := k.form(tx.Row(sqlConsoleForm, f.ID))
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = tx.Exec(sqlConsoleAsk, f.ID, n, f.Person, string(body), f.At.UnixMilli())
		return err
	})
}

func (k consoleKeep) Form(ctx context.Context, id string) (console.Asked, bool, error) {
	return consoleOne(k, ctx, k.form, sqlConsoleForm, id)
}

func (k consoleKeep) CloseForm(ctx context.Context, id, by string) error {
	return k.db.Write(ctx, func(tx *store.Tx) error {
		var n int64
		if err := tx.Row(sqlConsoleNext).Scan(&n); err != nil {
			return err
		}
		_, err := tx.Exec(sqlConsoleCloseForm, by, n, id)
		return err
	})
}

func (k consoleKeep) FormsSince(ctx context.Context, seq int64, person string) ([]console.Asked, error) {
	if seq == 0 {
		return consoleMany(k, ctx, k.form, sqlConsoleFormsOpen, person)
	}
	return consoleMany(k, ctx, k.form, sqlConsoleForms, person, seq)
}

func (k consoleKeep) AddSession(ctx context.Context, s console.Session) error {
	return k.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(sqlConsoleOldSession, s.At.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec(sqlConsoleAddSession, s.Hash, s.Person, s.At.UnixMilli(), s.Until.UnixMilli())
		return err
	})
}

func (k consoleKeep) Session(ctx context.Context, hash string) (console.Session, bool, error) {
	return consoleOne(k, ctx, func(row consoleRow) (console.Session, error) {
		s := console.Session{Hash: hash}
		var at, until int64
		err := row.Scan(&s.Person, &at, &until)
		s.At, s.Until = consoleTime(at), consoleTime(until)
		return s, err
	}, sqlConsoleSession, hash)
}

func (k consoleKeep) DropSession(ctx context.Context, hash string) error {
	return k.exec(ctx, sqlConsoleDrop, hash)
}

func (k consoleKeep) AddFile(ctx context.Context, f console.StoredFile) error {
	return k.exec(ctx, sqlConsoleAddFile, f.ID, f.Name, f.MIME, f.Place.Channel, f.Place.Only, f.By, f.At.UnixMilli(), f.Data)
}

func (k consoleKeep) File(ctx context.Context, id string) (console.StoredFile, bool, error) {
	return consoleOne(k, ctx, func(row consoleRow) (console.StoredFile, error) {
		f := console.StoredFile{ID: id, Place: chat.Place{Chat: console.Name}}
		var at int64
		err := row.Scan(&f.Name, &f.MIME, &f.Place.Channel, &f.Place.Only, &f.By, &at, &f.Data)
		f.At = consoleTime(at)
		return f, err
	}, sqlConsoleFile, id)
}
