package main

import (
	"fmt"
	"os"

	"helloworld/cmd/desk/config"
	"helloworld/glossary"
)

// loadBook is the glossary that comes with the desk and, on top of it, the
// seller's own.
func loadBook(cfg config.Config) (*glossary.Book, error) {
	book, err := glossary.Default()
	if err != nil || cfg.Desk.Glossary == "" {
		return book, err
	}
	own, err := openFolder(cfg.Desk.Glossary)
	if err != nil {
		return nil, err
	}
	return book.With(own.Terms(), own.Sentences())
}

// openFolder reads a folder of terms. One that is not there is a mistake: words
// that somebody believes in would be missing without a sound.
func openFolder(dir string) (*glossary.Book, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("open the glossary: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("open the glossary: %s is not a folder", dir)
	}
	return glossary.Load(os.DirFS(dir))
}
