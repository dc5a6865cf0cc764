package console

import (
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"unicode"

	"helloworld/bot/chat"
)

// maxUpload bounds one file in bytes, maxFiles how many go with a message.
const (
	maxUpload = 10 << 20
	maxFiles  = 10
)

// picture tells whether a browser may draw this itself. SVG is left out: it can
// hold scripts.
func picture(kind string) bool {
	switch kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif":
		return true
	}
	return false
}

// kindOf is what a file is served as. What a picture is decides its content, not
// what its sender says.
func kindOf(data []byte, said string) string {
	found, _, err := mime.ParseMediaType(http.DetectContentType(data))
	if err == nil && picture(found) {
		return found
	}
	said, _, err = mime.ParseMediaType(said)
	if err != nil || picture(said) && said != "image/avif" { // the one that is not detected
		return "application/octet-stream"
	}
	return said
}

// fileName is a name without folders and control characters.
func fileName(s string) string {
	s = path.Base(strings.ReplaceAll(s, `\`, "/"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 120 {
		s = string(r[:120])
	}
	if s == "" || s == "." || s == "/" {
		return "file"
	}
	return s
}

// upload keeps a file that will go with a message to ?channel=.
func (t *Transport) upload(w http.ResponseWriter, r *http.Request, v *visitor) {
	channel := r.URL.Query().Get("channel")
	if !v.sees(channel) {
		t.fail(w, r, v, http.StatusNotFound, "console.error_gone")
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil || len(data) == 0 {
		t.fail(w, r, v, http.StatusRequestEntityTooLarge, "console.error_file")
		return
	}
	id, err := t.newID()
	if err != nil {
		t.broken(w, r, v, err)
		return
	}
	f := StoredFile{
		ID: "u" + id, Name: fileName(r.URL.Query().Get("name")), MIME: kindOf(data, r.Header.Get("Content-Type")),
		Place: chat.Place{Chat: Name, Channel: channel}, By: v.ID, At: t.now(), Data: data,
	}
	if err := t.keep.AddFile(r.Context(), f); err != nil {
		t.broken(w, r, v, err)
		return
	}
	answer(w, http.StatusCreated, map[string]any{
		"id": f.ID, "name": f.Name, "size": len(data), "image": picture(f.MIME), "url": "/files/" + f.ID,
	})
}

// file serves a file to those who see the place it belongs to.
func (t *Transport) file(w http.ResponseWriter, r *http.Request, v *visitor) {
	f, ok, err := t.keep.File(r.Context(), r.PathValue("id"))
	if err != nil {
		t.broken(w, r, v, err)
		return
	}
	if !ok || !v.seesPost(f.Place) {
		http.NotFound(w, r)
		return
	}
	kind, how := kindOf(f.Data, f.MIME), "attachment"
	if picture(kind) {
		how = "inline"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(f.Data)))
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": fileName(f.Name)}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	// The name of a file is its content's for ever, but it stays with this person.
	h.Set("Cache-Control", "private, max-age=86400")
	if r.Method != http.MethodHead {
		_, _ = w.Write(f.Data)
	}
}
