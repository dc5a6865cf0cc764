package connectors

import "time"

// soon is the shortest pause between two looks at something that the platform
// is working on.
const soon = 2 * time.Second

// Again is how long to wait before looking again at something that the platform
// has been working on for age: a quarter of it, since most things are over soon
// and the rest takes long, but no longer than most.
func Again(age, most time.Duration) time.Duration {
	return min(max(age/4, soon), most)
}
