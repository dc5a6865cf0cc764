package bot

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/text/language"

	"helloworld/bot/store"
	"helloworld/i18n/translate"
)

// Units are all that memory keeps, for taking it elsewhere.
func (m Memory) Units(ctx context.Context) (units []translate.Unit, err error) {
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT key, source, target, from_lang, to_lang, outgoing FROM memory ORDER BY at, key`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var u translate.Unit
			var from, to string
			if err := rows.Scan(&u.Key, &u.Source, &u.Target, &from, &to, &u.Outgoing); err != nil {
				return err
			}
			u.From, u.To = language.Make(from), language.Make(to)
			units = append(units, u)
		}
		return errors.Join(rows.Err(), rows.Close())
	})
	if err != nil {
		return nil, fmt.Errorf("bot: memory: %w", err)
	}
	return units, nil
}

// KeepAll writes down what comes from elsewhere; what it says takes the place of
// what was said before. Everything is kept, or nothing.
func (m Memory) KeepAll(ctx context.Context, units []translate.Unit) error {
	return m.DB.Write(ctx, func(tx *store.Tx) error {
		for _, u := range units {
			if err := keepUnit(tx, u, "", ""); err != nil {
				return err
			}
		}
		return nil
	})
}
