package config

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Load reads a configuration file, and secrets from the environment.
func Load(path string, getenv func(string) string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("the configuration: %w", err)
	}
	return Parse(path, data, getenv)
}

// Parse reads a configuration; name is what messages call it.
func Parse(name string, data []byte, getenv func(string) string) (Config, error) {
	c := Defaults()
	d := toml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	if err := d.DisallowUnknownFields().Decode(&c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	fillEmpty(reflect.ValueOf(&c).Elem(), "", getenv)
	return c, nil
}

// fillEmpty gives items of lists their defaults and reads secrets.
func fillEmpty(v reflect.Value, id string, getenv func(string) string) {
	t := v.Type()
	for _, n := range []string{"ID", "Name"} {
		if f := v.FieldByName(n); f.IsValid() && id == "" && f.Kind() == reflect.String {
			id = f.String()
		}
	}
	for i := range v.NumField() {
		f, tag := v.Field(i), t.Field(i).Tag
		switch {
		case tag.Get("env") != "":
			f.SetString(getenv(variable(tag.Get("env"), id)))
		case f.Kind() == reflect.Struct:
			fillEmpty(f, id, getenv)
		case f.Kind() == reflect.Pointer && !f.IsNil():
			fillEmpty(f.Elem(), id, getenv)
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
			for k := range f.Len() {
				fillEmpty(f.Index(k), "", getenv)
			}
		case f.IsZero() && tag.Get("default") != "" && f.Kind() == reflect.String:
			setText(f, tag.Get("default"))
		}
	}
}

// variable is the name of a secret's variable, {ID} put in.
func variable(tag, id string) string {
	return strings.ReplaceAll(tag, "{ID}", strings.ToUpper(strings.ReplaceAll(id, "-", "_")))
}
