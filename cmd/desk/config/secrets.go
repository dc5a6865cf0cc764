package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"strings"
)

// variable is the name of a secret's variable: {ID} is the item's id in capitals.
func variable(tag, id string) string {
	return strings.ReplaceAll(tag, "{ID}", strings.ToUpper(strings.ReplaceAll(id, "-", "_")))
}

// SecretOf reads a secret that the declaration does not have, such as one of a
// platform's own: NAME, or the file that NAME_FILE names. Empty: it is not set.
func SecretOf(getenv func(string) string, name string) (Secret, error) {
	r := reader{getenv: getenv}
	v, err := r.secret(name)
	return Secret(v), err
}

// SecretName is the name of a store's secret: DESK_EBAY_DE_SIGNING_KEY.
func SecretName(store, key string) string {
	return variable("DESK_{ID}_"+strings.ToUpper(key), store)
}

// largestSecret bounds a secret's file; a wrong name may lead to anything.
const largestSecret = 64 << 10

// secret reads a variable, or the file that NAME_FILE names, as containers hand
// secrets over. A file's name is never repeated: it may be the secret itself,
// put behind the wrong variable.
func (r *reader) secret(name string) (string, error) {
	value, file := r.getenv(name), r.getenv(name+"_FILE")
	if file == "" {
		return strings.TrimRight(value, "\r\n"), nil
	}
	if value != "" {
		return "", fmt.Errorf("%s and %s_FILE are both set; keep one", name, name)
	}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the file that %s_FILE names is not there", name)
	}
	if err != nil {
		return "", fmt.Errorf("the file that %s_FILE names cannot be read", name)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largestSecret+1))
	if err != nil {
		return "", fmt.Errorf("the file that %s_FILE names cannot be read", name)
	}
	if len(data) > largestSecret {
		return "", fmt.Errorf("the file that %s_FILE names is too large for a secret", name)
	}
	value = strings.TrimRight(string(data), "\r\n")
	if value == "" {
		return "", fmt.Errorf("the file that %s_FILE names is empty", name)
	}
	return value, nil
}

// secretWord are keys that somebody means a secret by.
var secretWord = regexp.MustCompile(`(?i)token|secret|passw|api_?key|credential|^pass$|^pwd$|^key$|private_?key`)

// ownSecret names the variables that an unknown key is the very name of, looking
// in the section it stands in.
func ownSecret(t reflect.Type, key, id string) (variables []string) {
	key = plain(key)
	for _, f := range envFields(t) {
		tag := f.Tag.Get("env")
		if key == snake(f.Name) || strings.HasSuffix("_"+strings.ToLower(tag), "_"+key) {
			if id != "" {
				tag = variable(tag, id)
			}
			variables = append(variables, tag)
		}
	}
	return variables
}

// someSecret tells whether somebody probably means a secret by a key, and which
// variables might hold it.
func someSecret(t reflect.Type, key, id string) (variables []string, is bool) {
	if !secretWord.MatchString(key) {
		return nil, false
	}
	for _, s := range sections() {
		for _, f := range envFields(s.item) {
			if tag := f.Tag.Get("env"); strings.HasSuffix("_"+strings.ToLower(tag), "_"+plain(key)) {
				variables = append(variables, tag)
			}
		}
	}
	if len(variables) > 0 {
		return variables, true
	}
	for _, f := range envFields(t) {
		tag := f.Tag.Get("env")
		if id != "" {
			tag = variable(tag, id)
		}
		variables = append(variables, tag)
	}
	return variables, true
}

func plain(key string) string { return strings.ToLower(strings.ReplaceAll(key, "-", "_")) }

// envFields are a section's secrets.
func envFields(t reflect.Type) (out []reflect.StructField) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("env") != "" {
			out = append(out, f)
		}
	}
	return out
}

// snake is a field's name as a key: BotToken, bot_token.
func snake(name string) string {
	var b strings.Builder
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// sectionDecl is a section of the declaration.
type sectionDecl struct {
	// head is what its header says: desk, store, store.mail.
	head string
	help string
	item reflect.Type
	many bool
}

// sections are the sections of the declaration, in order.
func sections() (out []sectionDecl) {
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		f := t.Field(i)
		s := sectionDecl{head: f.Tag.Get("toml"), help: f.Tag.Get("help"), item: f.Type}
		if f.Type.Kind() == reflect.Slice {
			s.item, s.many = f.Type.Elem(), true
		}
		out = append(out, s)
		for k := range s.item.NumField() {
			if g := s.item.Field(k); g.Type.Kind() == reflect.Pointer {
				out = append(out, sectionDecl{head: s.head + "." + g.Tag.Get("toml"), help: g.Tag.Get("help"), item: g.Type.Elem()})
			}
		}
	}
	return out
}
