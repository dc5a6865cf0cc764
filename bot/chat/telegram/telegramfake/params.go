package telegramfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// bodyLimit is the most a bot may send at once; Telegram takes 50 MB files.
const bodyLimit = 50 << 20

// params are a call's arguments. Whatever was not a string arrives as JSON.
type params struct {
	text  map[string]string
	files map[string][]byte
	names map[string]string
}

// readParams takes arguments from the address and from a body of any of the
// kinds that clients send.
func readParams(r *http.Request) (params, error) {
	p := params{text: map[string]string{}, files: map[string][]byte{}, names: map[string]string{}}
	for k, v := range r.URL.Query() {
		p.text[k] = v[0]
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(nil, r.Body, bodyLimit)
	switch kind {
	case "application/json":
		var raw map[string]json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&raw); err != nil && !errors.Is(err, io.EOF) {
			return p, errors.New("can't parse JSON object")
		}
		for k, v := range raw {
			var s string
			if json.Unmarshal(v, &s) == nil {
				p.text[k] = s
			} else {
				p.text[k] = string(v)
			}
		}
	case "multipart/form-data":
		if err := r.ParseMultipartForm(bodyLimit); err != nil {
			return p, fmt.Errorf("can't parse form: %w", err)
		}
		for k, v := range r.MultipartForm.Value {
			p.text[k] = v[0]
		}
		for k, v := range r.MultipartForm.File {
			f, err := v[0].Open()
			if err != nil {
				return p, err
			}
			data, err := io.ReadAll(f)
			if cerr := f.Close(); err == nil {
				err = cerr
			}
			if err != nil {
				return p, err
			}
			p.files[k], p.names[k] = data, v[0].Filename
		}
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return p, fmt.Errorf("can't parse form: %w", err)
		}
		for k, v := range r.PostForm {
			p.text[k] = v[0]
		}
	}
	return p, nil
}

func (p params) has(k string) bool { return p.text[k] != "" && p.text[k] != "null" }

func (p params) int(k string) (int64, bool) {
	n, err := strconv.ParseInt(p.text[k], 10, 64)
	return n, err == nil
}

func (p params) bool(k string) bool {
	v := strings.ToLower(p.text[k])
	return v == "true" || v == "1" || v == "yes"
}

// json reads an argument that is an object or a list.
func (p params) json(k string, into any) *apiError {
	if !p.has(k) {
		return nil
	}
	if err := json.Unmarshal([]byte(p.text[k]), into); err != nil {
		return bad("can't parse " + strings.ReplaceAll(k, "_", " ") + " JSON object")
	}
	return nil
}

// upload is the file given for an argument: beside it, or by attach://name.
func (p params) upload(k string) (data []byte, name string, ok bool) {
	part := k
	if at, found := strings.CutPrefix(p.text[k], "attach://"); found {
		part = at
	}
	data, ok = p.files[part]
	return data, p.names[part], ok
}
