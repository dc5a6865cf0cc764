package main

import (
	"os"
	"testing"
	"time"
)

// report tells what a load came to, in benchstat's words.
func report(b *testing.B, r *rig, o outcome) {
	b.Helper()
	acks, extra, refused := r.drain()
	b.ReportMetric(at(acks, 0.50), "ack-p50-ms")
	b.ReportMetric(at(acks, 0.99), "ack-p99-ms")
	b.ReportMetric(at(o.answers, 0.50), "answer-p50-ms")
	b.ReportMetric(at(o.answers, 0.99), "answer-p99-ms")
	b.ReportMetric(float64(len(o.answers))/o.lasted.Seconds(), "answers/s")
	b.ReportMetric(float64(o.lost), "lost")
	b.ReportMetric(float64(extra), "twice")
	b.ReportMetric(float64(refused), "refused")
	b.ReportMetric(float64((r.desk.busy(b)-r.was).Microseconds())/float64(max(len(o.answers), 1)), "desk-µs/answer")
	_, peak := r.desk.memory(b) // since the last report, or the warming up
	b.ReportMetric(peak, "rss-MiB")
	b.ReportMetric(0, "ns/op")
}

// The loads. Each is a fixed amount of work, whatever -benchtime says.
const (
	steadyCommands = 750 // at 50 a second: a quarter of a minute
	loopCommands   = 10000
	loopWidth      = 50
	warmUp         = 500
	idleFor        = 20 * time.Second
)

// warm lets the desk's start be over, and forgets what came before.
func (r *rig) warm(b *testing.B) {
	time.Sleep(time.Until(r.desk.began.Add(startOver + 2*time.Second)))
	r.drain()
	r.desk.memory(b)
	r.was = r.desk.busy(b)
}

// BenchmarkSlack50PerSecond gives fifty slash commands a second, by 200 people.
func BenchmarkSlack50PerSecond(b *testing.B) {
	r, _ := slackRig(b, 200, false)
	r.steady(b, 100, 20*time.Millisecond)
	for b.Loop() {
		r.warm(b)
		report(b, r, r.steady(b, steadyCommands, 20*time.Millisecond))
	}
}

// BenchmarkSlackClosedLoop keeps fifty slash commands under way.
func BenchmarkSlackClosedLoop(b *testing.B) {
	r, _ := slackRig(b, 200, false)
	r.loop(b, warmUp, loopWidth)
	for b.Loop() {
		r.warm(b)
		report(b, r, r.loop(b, loopCommands, loopWidth))
	}
}

// BenchmarkTelegram50PerSecond gives fifty commands a second in private chats.
func BenchmarkTelegram50PerSecond(b *testing.B) {
	r, _ := telegramRig(b, 200, false)
	r.steady(b, 100, 20*time.Millisecond)
	for b.Loop() {
		r.warm(b)
		report(b, r, r.steady(b, steadyCommands, 20*time.Millisecond))
	}
}

// BenchmarkTelegramClosedLoop keeps fifty commands under way, in so many private
// chats that none hears more than one answer a second.
func BenchmarkTelegramClosedLoop(b *testing.B) {
	r, _ := telegramRig(b, 3000, false)
	r.loop(b, warmUp, loopWidth)
	for b.Loop() {
		r.warm(b)
		report(b, r, r.loop(b, loopCommands, loopWidth))
	}
}

// burstOf is how many people write at once.
const burstOf = 40

// reportBurst tells what a burst came to.
func reportBurst(b *testing.B, lost, twice, refused int, took time.Duration) {
	b.Helper()
	b.ReportMetric(took.Seconds(), "s-to-last")
	b.ReportMetric(float64(lost), "lost")
	b.ReportMetric(float64(twice), "twice")
	b.ReportMetric(float64(refused), "refused")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSlackBurst40 has forty people note something at once in one thread,
// under Slack's limits.
func BenchmarkSlackBurst40(b *testing.B) {
	r, fake := slackRig(b, burstOf, true)
	for b.Loop() {
		note := slackNotes(b, r, fake, 5*time.Second)
		lost, twice, refused, took := r.burst(burstOf, 2*time.Minute, note)
		reportBurst(b, lost, twice, refused, took)
	}
}

// BenchmarkTelegramBurst40 is the same in a Telegram group, after a minute of
// quiet: a group may hear twenty messages in any minute.
func BenchmarkTelegramBurst40(b *testing.B) {
	r, fake := telegramRig(b, burstOf, true)
	for b.Loop() {
		note := telegramNotes(b, r, fake, time.Minute)
		lost, twice, refused, took := r.burst(burstOf, 4*time.Minute, note)
		reportBurst(b, lost, twice, refused, took)
	}
}

// TestBurstLosesNothing: what several people write at once is shown once each,
// however slow the network wants it.
func TestBurstLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	t.Parallel()
	const few = 7 // more than Slack and Telegram take at once
	t.Run("slack", func(t *testing.T) {
		t.Parallel()
		r, fake := slackRig(t, few, true)
		lost, twice, _, _ := r.burst(few, 2*time.Minute, slackNotes(t, r, fake, time.Second))
		if lost != 0 || twice != 0 {
			t.Errorf("%d of %d were lost, %d came twice", lost, few, twice)
		}
	})
	t.Run("telegram", func(t *testing.T) {
		t.Parallel()
		r, fake := telegramRig(t, few, true)
		lost, twice, _, _ := r.burst(few, 3*time.Minute, telegramNotes(t, r, fake, time.Second))
		if lost != 0 || twice != 0 {
			t.Errorf("%d of %d were lost, %d came twice", lost, few, twice)
		}
	})
}

// BenchmarkIdleMemory is a desk with three shops and a chat that nobody wants
// anything of.
func BenchmarkIdleMemory(b *testing.B) {
	r, _ := slackRig(b, 20, false)
	for b.Loop() {
		time.Sleep(idleFor)
		now, _ := r.desk.memory(b)
		b.ReportMetric(now, "rss-MiB")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkLoadMemory is the most that a desk occupies while fifty commands are
// under way all the time.
func BenchmarkLoadMemory(b *testing.B) {
	r, _ := slackRig(b, 200, false)
	r.loop(b, warmUp, loopWidth)
	for b.Loop() {
		r.warm(b)
		r.loop(b, loopCommands, loopWidth)
		now, peak := r.desk.memory(b)
		b.ReportMetric(peak, "peak-rss-MiB")
		b.ReportMetric(now, "rss-MiB")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkStart is the time from starting the program to its being of use: the
// console answers, and Slack's sockets are open. Three shops are configured.
func BenchmarkStart(b *testing.B) {
	var times []time.Duration
	for b.Loop() {
		r, _ := slackRig(b, 4, false)
		times = append(times, r.ready)
		r.desk.stop(b)
	}
	b.ReportMetric(at(times, 0.5), "ms-to-ready")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkBinary is the program's size.
func BenchmarkBinary(b *testing.B) {
	var size int64
	for b.Loop() {
		info, err := os.Stat(deskProgram(b))
		if err != nil {
			b.Fatal(err)
		}
		size = info.Size()
	}
	b.ReportMetric(float64(size)/1e6, "MB")
	b.ReportMetric(0, "ns/op")
}
