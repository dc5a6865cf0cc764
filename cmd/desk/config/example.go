package config

import (
	"bytes"
	"fmt"
	"reflect"
)

// Example is the commented example file, made from the declaration.
func Example() []byte {
	var b bytes.Buffer
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		f := t.Field(i)
		s, head := f.Type, "["+f.Tag.Get("toml")+"]"
		if s.Kind() == reflect.Slice {
			s, head = s.Elem(), "["+head+"]"
		}
		fmt.Fprintf(&b, "# %s\n# %s\n", f.Tag.Get("help"), head)
		for k := range s.NumField() {
			g := s.Field(k)
			fmt.Fprintf(&b, "#   %s%s: %s\n", g.Tag.Get("toml"), g.Tag.Get("env"), g.Tag.Get("help"))
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}
