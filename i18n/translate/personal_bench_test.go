package translate

import (
	"strings"
	"testing"
)

// BenchmarkHiding is what hiding facts and names costs on a message of 500 letters.
func BenchmarkHiding(b *testing.B) {
	text := normalise("Dear Petra,\n\nthe parcel 1Z999AA10123456784 for Jürgen Müller never arrived at Hauptstr. 5, 45127 Essen. Please refund €12.50 until 2026-12-01.\n" +
		strings.Repeat("Nobody answers my letters and I am tired of waiting for it. ", 5) + "\n\nBest regards,\nPetra Schmidt")
	names := []string{"Jürgen Müller", "Hauptstr. 5", "Essen", "45127"}
	b.Run("protect", func(b *testing.B) {
		for b.Loop() {
			protect(text)
		}
	})
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			known(text, names, func(int, int) {})
		}
	})
	b.Run("personal", func(b *testing.B) {
		for b.Loop() {
			personal(text, names)
		}
	})
	chinese := strings.Repeat("请寄到北京市朝阳区建国路的店铺，我们已经收到您的退货包裹并且处理完毕2次了。", 15)
	b.Run("chinese", func(b *testing.B) {
		for b.Loop() {
			personal(chinese, nil)
		}
	})
}
