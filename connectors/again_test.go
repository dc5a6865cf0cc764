package connectors

import (
	"testing"
	"time"
)

func TestAgain(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]time.Duration{
		-time.Hour: 2 * time.Second, 0: 2 * time.Second, 4 * time.Second: 2 * time.Second, 20 * time.Second: 5 * time.Second,
		time.Hour: time.Minute,
	} {
		if got := Again(age, time.Minute); got != want {
			t.Errorf("after %v: %v, want %v", age, got, want)
		}
	}
	if got := Again(time.Hour, time.Second); got != time.Second {
		t.Errorf("the most is less than the least: %v", got)
	}
}
