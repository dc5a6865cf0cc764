package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// largest bounds the file; what is larger is not a configuration.
const largest = 1 << 20

// Load reads a configuration file, and secrets from the environment.
func Load(path string, getenv func(string) string) (Config, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("the configuration is not there; desk init writes one: %w", err)
	}
	if err != nil {
		return Config{}, fmt.Errorf("the configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err != nil {
		return Config{}, fmt.Errorf("the configuration: %w", err)
	}
	return Parse(path, data, getenv)
}

// Parse reads a configuration; name is what messages call it. Its error is
// [Problems], all of them.
func Parse(name string, data []byte, getenv func(string) string) (Config, error) {
	if len(data) > largest {
		return Config{}, Problems{{File: name, What: fmt.Sprintf("larger than %d bytes; this is not a configuration", largest)}}
	}
	root, err := grow(name, bytes.TrimPrefix(data, []byte("\ufeff")))
	if err != nil {
		return Config{}, err
	}
	r := &reader{file: name, getenv: getenv, lines: map[string]int{}}
	var c Config
	r.root(&c, root)
	r.rules(c)
	if p := r.done(); len(p) > 0 {
		return Config{}, p
	}
	return c, nil
}
