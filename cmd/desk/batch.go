package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"helloworld/bot"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
)

type batchCmd struct {
	Receipt batchReceiptCmd `cmd:"" help:"Write what was asked in a batch and what came of it to a CSV file."`
}

type batchReceiptCmd struct {
	Config string `default:"desk.toml" type:"path" help:"Configuration file."`
	Batch  string `arg:"" help:"The batch: B3."`
	File   string `arg:"" type:"path" help:"File to write."`
}

// Run writes a batch's table. The file is there in full, or not at all.
func (c batchReceiptCmd) Run(w *world) error {
	p := printerOf(w)
	return withAudit(w, c.Config, func(cfg config.Config, db *store.DB) error {
		staff, err := people.Open(w.ctx, db, time.Now)
		if err != nil {
			return err
		}
		var text strings.Builder
		err = db.Read(w.ctx, func(tx *store.Tx) error {
			text.Reset()
			return bot.WriteBatch(tx, strings.ToUpper(c.Batch), p, time.Local, func(id string) string { return staff.Name(people.ID(id)) }, &text)
		})
		if errors.Is(err, bot.ErrNoBatch) {
			return fmt.Errorf("there is no batch %s", c.Batch)
		}
		if err != nil {
			return err
		}
		// Table programs take a file without the mark for one in the machine's own letters.
		if err := os.WriteFile(c.File, []byte("\ufeff"+text.String()), 0o600); err != nil {
			return err
		}
		fmt.Fprintf(w.out, "rows written to %s: %d\n", c.File, strings.Count(text.String(), "\n")-1)
		return nil
	})
}
