package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"helloworld/cmd/desk/config"
	"helloworld/i18n"
)

type initCmd struct {
	Config string `default:"desk.toml" type:"path" help:"File to write."`
	Lang   string `default:"" help:"Language to ask in: zh-CN or en; empty asks that first."`
}

// Run asks and writes a first configuration. It never overwrites one.
func (c initCmd) Run(w *world) error {
	if _, err := os.Stat(c.Config); err == nil {
		return fmt.Errorf("%s is there already; move it away first", c.Config)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, env, err := config.Init(w.in, w.out, func(lang, key string, args ...any) string {
		return i18n.ForLocale(lang).T(i18n.Key(key), args...)
	}, c.Lang)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Config, file, 0o600); err != nil {
		return err
	}
	fmt.Fprintln(w.out, c.Config)
	for _, name := range env {
		fmt.Fprintf(w.out, "export %s=…\n", name)
	}
	return nil
}
