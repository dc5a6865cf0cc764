package all

import "helloworld/connectors"

// Find finds a marketplace by name.
func Find(platform string) (connectors.Plugin, bool) {
	for _, p := range Plugins {
		if p.Platform == platform {
			return p, true
		}
	}
	return connectors.Plugin{}, false
}
