package commands

import "testing"

func TestBegins(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		wording, want string
		yes           bool
	}{
		{"rma", "rma", true},
		{"rma number", "rma", true},
		{"an rma-label", "rma", true},
		{"rmas", "rma", true},
		{"to be confirmed: confirmar", "rma", false},
		{"firma, rma", "rma", true},
		{"申请rma号码", "rma", true},
		{"预付退货标签", "退货", true},
		{"返品ラベル", "ラベル", true},
		{"rücksendeetikett", "etikett", false},
		{"x", "", false},
	} {
		if got := begins(tc.wording, tc.want); got != tc.yes {
			t.Errorf("%q in %q: %v", tc.want, tc.wording, got)
		}
	}
}
