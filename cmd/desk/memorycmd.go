package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"helloworld/bot"
	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
	"helloworld/i18n/translate"
)

type memoryCmd struct {
	Export memoryExportCmd `cmd:"" help:"Write the memory to a TMX file, facts masked."`
	Import memoryImportCmd `cmd:"" help:"Take a TMX file into the memory, facts masked."`
}

type memoryExportCmd struct {
	Config string `default:"desk.toml" type:"path" help:"Configuration file."`
	File   string `arg:"" type:"path" help:"File to write."`
}

type memoryImportCmd struct {
	Config   string `default:"desk.toml" type:"path" help:"Configuration file."`
	Outgoing bool   `help:"Another tool's texts are a shop's answers to buyers, not what buyers write."`
	File     string `arg:"" type:"existingfile" help:"File to read."`
}

// Run writes the memory to a file.
func (c memoryExportCmd) Run(w *world) error {
	return withMemory(w, c.Config, func(m bot.Memory, _ *translate.Pipeline) error {
		units, err := m.Units(w.ctx)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		n, err := translate.WriteTMX(f, units, time.Now())
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		fmt.Fprintf(w.out, "%d of %d translations written\n", n, len(units))
		return nil
	})
}

// Run takes a file into the memory. What cannot be taken is told, by line, and
// the rest is taken all the same.
func (c memoryImportCmd) Run(w *world) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close() // it was only read
	read, left, err := translate.ReadTMX(f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return withMemory(w, c.Config, func(m bot.Memory, words *translate.Pipeline) error {
		var units []translate.Unit
		for _, u := range read {
			if u.Key == "" {
				u.Outgoing = c.Outgoing
			}
			x, err := words.Masked(u)
			if err != nil {
				left = append(left, fmt.Errorf("%.60q: %w", u.Source, err))
				continue
			}
			units = append(units, x)
		}
		if err := m.KeepAll(w.ctx, units); err != nil {
			return err
		}
		for _, why := range left {
			fmt.Fprintln(w.err, "left out:", why)
		}
		fmt.Fprintf(w.out, "%d translations taken, %d left out\n", len(units), len(left))
		return nil
	})
}

// withMemory opens the desk's database for f.
func withMemory(w *world, file string, f func(bot.Memory, *translate.Pipeline) error) error {
	cfg, err := config.Load(file, w.getenv)
	if err != nil {
		return err
	}
	db, err := store.Open(w.ctx, databaseURL(cfg), store.Options{})
	if err != nil {
		return err
	}
	m := bot.Memory{DB: db}
	_, words, err := newWords(cfg, m, nil, slog.New(slog.DiscardHandler))
	if err == nil {
		err = f(m, words)
	}
	return errors.Join(err, db.Close())
}
