package bot

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors/tracking"
	"helloworld/i18n"
)

// TestTrackLines: what is shown of candidates and events, in the reader's words.
func TestTrackLines(t *testing.T) {
	t.Parallel()
	zh := i18n.For(language.SimplifiedChinese)
	if got := carrierNames(zh, tracking.Parse("RB123456785IT", tracking.Hint{})); got != "邮政（意大利）（校验位正确）" {
		t.Errorf("%q", got)
	}
	at := time.Date(2026, 11, 20, 20, 0, 0, 0, time.UTC)
	got := eventText(i18n.For(language.English), tracking.Event{At: at, Place: "Berlin", Text: strings.Repeat("字", 300)}, time.FixedZone("+8", 8*3600))
	if !strings.HasPrefix(got, "21 Nov 2026, 04:00 · Berlin · 字") || len([]rune(got)) > 220 {
		t.Errorf("%q", got)
	}
}
