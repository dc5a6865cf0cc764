package main

import (
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

// warm forgets what the warming up came to.
func (r *rig) warm(b *testing.B) {
	r.drain()
	r.desk.memory(b)
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

// BenchmarkIdleMemory is a desk with three shops, Slack, Telegram's rival left
// out, a minute after nobody wants anything of it.
func BenchmarkIdleMemory(b *testing.B) {
	r, _ := slackRig(b, 20, false)
	for b.Loop() {
		time.Sleep(idleFor)
		now, peak := r.desk.memory(b)
		b.ReportMetric(now, "rss-MiB")
		b.ReportMetric(peak, "peak-MiB")
		b.ReportMetric(0, "ns/op")
	}
}
