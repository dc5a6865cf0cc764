package lint_test

import (
	"testing"

	"helloworld/bot/lint"
)

func BenchmarkCheck(b *testing.B) {
	s := lint.Subject{Platform: "amazon", Text: "Hello, thank you for contacting us. We have refunded 59.90 EUR for your order 302-1234567-7654321. The money will be with you in 3-5 working days."}
	for b.Loop() {
		lint.Check(s)
	}
}
