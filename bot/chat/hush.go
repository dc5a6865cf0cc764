package chat

import "regexp"

// typed is a PIN behind the command that asks for one.
var typed = regexp.MustCompile(`(?is)^(\s*(?:[/!／！]|<@[^>]*>|@\S+)?\s*(?:desk\s+)?(?:pin|密码)(?:@\S+)?)[\s\p{Z}][^a-z]*[0-9０-９].*$`)

// Hush takes a PIN out of what somebody typed behind the command that asks for
// one. It does not belong there and is not read, but nor is it to be kept.
func Hush(text string) string { return typed.ReplaceAllString(text, "$1 …") }
