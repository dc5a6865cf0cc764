package ebay

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// deliver makes a delivery as eBay signs it.
func deliver(topic, id string, at time.Time, data obj) (http.Header, []byte) {
	body, _ := json.Marshal(obj{"metadata": obj{"topic": topic, "schemaVersion": "1.0", "deprecated": false},
		"notification": obj{"notificationId": id, "eventDate": stamp(at), "publishDate": stamp(at), "publishAttemptCount": 1, "data": data}})
	sum := sha1.Sum(body)
	der, _ := ecdsa.SignASN1(rand.Reader, pushKey(), sum[:])
	sig, _ := json.Marshal(obj{"alg": "ecdsa", "kid": testKeyID, "signature": base64.StdEncoding.EncodeToString(der), "digest": "SHA1"})
	return http.Header{"X-Ebay-Signature": {base64.StdEncoding.EncodeToString(sig)}}, body
}

// badSignature checks a request's signature by the letter of the rules; "" is good.
func badSignature(r *http.Request, body []byte) string {
	if r.Header.Get("X-Ebay-Signature-Key") == "" {
		return "215000"
	}
	input, ok := strings.CutPrefix(r.Header.Get("Signature-Input"), "sig1=")
	sig, ok2 := strings.CutPrefix(r.Header.Get("Signature"), "sig1=:")
	list, created, ok3 := strings.Cut(strings.TrimPrefix(input, "("), ");created=")
	if _, err := strconv.ParseInt(created, 10, 64); err != nil || !ok || !ok2 || !ok3 {
		return "215001"
	}
	var base strings.Builder
	for _, name := range strings.Fields(list) {
		var value string
		switch name {
		case `"content-digest"`:
			sum := sha256.Sum256(body)
			if value = r.Header.Get("Content-Digest"); value != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" {
				return "215120"
			}
		case `"x-ebay-signature-key"`:
			value = r.Header.Get("X-Ebay-Signature-Key")
		case `"@method"`:
			value = r.Method
		case `"@path"`:
			value = r.URL.EscapedPath()
		case `"@authority"`:
			value = r.Host
		default:
			return "215121"
		}
		base.WriteString(name + ": " + value + "\n")
	}
	if (len(body) > 0) != strings.Contains(list, "content-digest") || !strings.Contains(list, "@path") {
		return "215121"
	}
	base.WriteString(`"@signature-params": ` + input)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(sig, ":"))
	pub, _ := hex.DecodeString("26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb")
	if err != nil || !ed25519.Verify(pub, []byte(base.String()), raw) {
		return "215122"
	}
	return ""
}

// consent plays the seller at the page that Begin gave.
func (s *ebayServer) consent(link string, yes bool) url.Values {
	u, err := url.Parse(link)
	if err != nil || u.Query().Get("redirect_uri") != testRuName || u.Query().Get("response_type") != "code" {
		s.t.Errorf("the page %s: %v", link, err)
		return nil
	}
	out := url.Values{"state": {u.Query().Get("state")}}
	if !yes {
		out.Set("error", "access_denied")
		return out
	}
	s.lock(func() {
		code := "good-code-" + strconv.Itoa(len(s.codes))
		s.codes[code] = true
		out.Set("code", code)
		out.Set("expires_in", "299")
	})
	return out
}
