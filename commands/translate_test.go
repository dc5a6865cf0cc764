package commands

import (
	"testing"

	"golang.org/x/text/language"
)

// TestStrangeLanguage: a code behind "to" that is no language of the desk's is told
// from the beginning of a text.
func TestStrangeLanguage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"to xx hello": "xx", "into DA hello": "DA", "to xx-YY hello": "xx-YY", "成 xx 您好": "xx", "to ｘｘ hello": "ｘｘ",
		"to de hello": "", "to pt-BR hello": "", "to whom it may concern": "", "to xx": "", "xx hello": "", "to 您好 谢谢": "", "": ""} {
		if code, _ := strangeLanguage(text); code != want {
			t.Errorf("%q names %q, not %q", text, code, want)
		}
	}
}

func TestNamedLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, lang, rest string }{
		{"de 您好，感谢您的来信。", "de", "您好，感谢您的来信。"},
		{"to de 您好", "de", "您好"},
		{"into German thank you", "de", "thank you"},
		{"to pt-BR thank you", "pt-BR", "thank you"},
		{"DE thank you", "de", "thank you"},
		{"ｄｅ thank you", "de", "thank you"},
		{"German thank you", "de", "thank you"},
		{"德语 谢谢", "de", "谢谢"},
		{"成 日语 谢谢", "ja", "谢谢"},
		{"zh-Hant 谢谢", "zh-Hant", "谢谢"},
		// No language: the beginning of a sentence, a word alone, what the desk has no name for.
		{"Es ist kaputt", "und", "Es ist kaputt"},
		{"It is broken", "und", "It is broken"},
		{"to whom it may concern", "und", "to whom it may concern"},
		{"to de", "und", "to de"},
		{"de", "und", "de"},
		{"German", "und", "German"},
		{"xx thank you", "und", "xx thank you"},
		{"the parcel is lost", "und", "the parcel is lost"},
		{"谢谢您的来信", "und", "谢谢您的来信"},
		{"", "und", ""},
	} {
		tag, rest := namedLanguage(c.text)
		if tag != language.Make(c.lang) || rest != c.rest {
			t.Errorf("namedLanguage(%q) = %s, %q; want %s, %q", c.text, tag, rest, c.lang, c.rest)
		}
	}
}
