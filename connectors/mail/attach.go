package mail

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/emersion/go-message/mail"

	"helloworld/connectors"
)

// maxFiles is how many files one mail may have.
const maxFiles = 20

// body writes the text, and the files beside it if there are any.
func (m *Mailbox) body(to io.Writer, h mail.Header, text []byte, files []connectors.Attachment) error {
	if len(files) == 0 {
		h.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
		h.Set("Content-Transfer-Encoding", "quoted-printable")
		w, err := mail.CreateSingleInlineWriter(to, h)
		if err != nil {
			return err
		}
		return finish(w, text)
	}
	if len(files) > maxFiles {
		return errors.New("too many files for one mail")
	}
	w, err := mail.CreateWriter(to, h)
	if err != nil {
		return err
	}
	var ih mail.InlineHeader
	ih.SetContentType("text/plain", map[string]string{"charset": "utf-8"})
	ih.Set("Content-Transfer-Encoding", "quoted-printable")
	part, err := w.CreateSingleInline(ih)
	if err == nil {
		err = finish(part, text)
	}
	for _, f := range files {
		if err == nil {
			err = attach(w, f)
		}
	}
	return errors.Join(err, w.Close())
}

func attach(w *mail.Writer, f connectors.Attachment) error {
	if len(f.Data) == 0 {
		return errors.New("a file is empty, or was not fetched")
	}
	kind, _, err := mime.ParseMediaType(f.MIME)
	if err != nil {
		kind, _, err = mime.ParseMediaType(http.DetectContentType(f.Data))
	}
	if err != nil {
		return err
	}
	name := fileName(f.Name, kind)
	if refused[strings.ToLower(path.Ext(name))] {
		// Relays drop the whole mail for it, and say so to nobody.
		return errors.New("a file is of a kind that no marketplace passes on")
	}
	var h mail.AttachmentHeader
	h.SetContentType(kind, nil)
	h.Set("Content-Transfer-Encoding", "base64")
	h.SetFilename(name)
	part, err := w.CreateAttachment(h)
	if err != nil {
		return err
	}
	return finish(part, f.Data)
}

// refused are the endings of files that run.
var refused = map[string]bool{".exe": true, ".bat": true, ".cmd": true, ".com": true, ".js": true, ".vbs": true, ".scr": true, ".msi": true, ".jar": true,
	".ps1": true, ".sh": true, ".lnk": true, ".html": true, ".htm": true}

func finish(w io.WriteCloser, data []byte) error {
	_, err := w.Write(data)
	return errors.Join(err, w.Close())
}
