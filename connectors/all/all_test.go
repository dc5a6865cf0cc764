package all

import (
	"sort"
	"testing"

	"helloworld/connectors"
)

func TestPlugins(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range Plugins {
		names = append(names, p.Platform)
		if p.New == nil {
			t.Errorf("%s cannot be made", p.Platform)
			continue
		}
		if _, err := p.New(connectors.Config{Options: map[string]string{"no such option": "x"}}); err == nil {
			t.Errorf("%s accepts an empty configuration", p.Platform)
		}
		for k, help := range p.Options {
			if k == "" || help == "" {
				t.Errorf("%s: option %q has no line of help", p.Platform, k)
			}
		}
	}
	if !sort.StringsAreSorted(names) || len(names) < 3 {
		t.Errorf("not in order, or one is missing: %v", names)
	}
}
