package config

import (
	"encoding"
	"reflect"
	"strconv"
)

// Defaults is the configuration of an empty file, as the default tags say.
func Defaults() Config {
	var c Config
	setDefaults(reflect.ValueOf(&c).Elem())
	return c
}

// setDefaults fills a struct from its default tags. Lists stay empty: their
// items get theirs when they are read.
func setDefaults(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type.Kind() == reflect.Struct {
			setDefaults(v.Field(i))
			continue
		}
		if text, ok := f.Tag.Lookup("default"); ok {
			setText(v.Field(i), text)
		}
	}
}

// setText reads a tag's text into a field. The declaration is ours, so that one
// it cannot read is a mistake that the tests find, and the field stays empty.
func setText(v reflect.Value, text string) {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			v.SetZero()
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			v.SetInt(n)
		}
	case reflect.Bool:
		v.SetBool(text == "true")
	}
}
