package connectors

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// sensitiveHeaders never appear outside a request.
var sensitiveHeaders = map[string]bool{
	"Authorization": true, "Proxy-Authorization": true, "Cookie": true, "Set-Cookie": true,
	"X-Shopify-Access-Token": true, "X-Amz-Access-Token": true, "X-Amz-Security-Token": true,
	"X-Ebay-C-Enduserctx": true, "X-Ebay-Signature-Key": true, "Signature": true,
}

var (
	// sensitiveName matches names of query parameters and JSON fields that hold a secret.
	sensitiveName = regexp.MustCompile(`(?i)(token|secret|passw|pwd|signature|^sig$|hmac|credential|assertion|^code$|api_?key|^key$|oauth_code|^auth)`)
	// personName matches names of parameters that hold somebody's name or words.
	personName = regexp.MustCompile(`(?i)(buyer|customer|user|mail|phone|address|recipient|person|^first|^last|^full_?name|^name$|search|^q$|^query$|text|message|city|postal|^zip)`)
	email      = regexp.MustCompile(`[A-Za-z0-9._%+\-]{1,64}(@|%40)[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)+`)
	// tokenShapes are what platforms' secrets look like, wherever they turn up.
	tokenShapes = regexp.MustCompile(`(?i:bearer|basic)\s+[A-Za-z0-9._~+/=|#^\-]{8,}` +
		`|shp(at|rt|ca|pa|ss|ua)_[A-Za-z0-9_\-]{6,}` +
		`|Atz[ar](\||%7C)[A-Za-z0-9._~+/=\-]+` +
		`|amzn1\.oa2-cs\.[A-Za-z0-9._\-]+` +
		`|v\^1\.1#[A-Za-z0-9#^+/=._\-]+`)
	namedSecret = regexp.MustCompile(`(?i)("?(?:access_token|refresh_token|id_token|client_secret|password|assertion)"?\s*[:=]\s*"?)([^"&\s,}]+)`)
)

// Redact takes secrets and e-mail addresses out of text: those that look like
// one, and those given.
func Redact(text string, known ...string) string {
	known = slices.Clone(known)
	sort.Slice(known, func(i, j int) bool { return len(known[i]) > len(known[j]) })
	for _, k := range known {
		if len(k) < 4 {
			continue
		}
		for _, form := range []string{k, url.QueryEscape(k), url.PathEscape(k)} {
			text = strings.ReplaceAll(text, form, dots)
		}
	}
	// The patterns are slow and most texts have nothing for them: look first for
	// what each of them cannot do without.
	if low := strings.ToLower(text); strings.Contains(low, "_token") || strings.Contains(low, "client_secret") ||
		strings.Contains(low, "password") || strings.Contains(low, "assertion") {
		text = namedSecret.ReplaceAllString(text, "${1}"+dots)
	}
	if strings.ContainsAny(text, " \t\n\f\r") || strings.Contains(text, "shp") || strings.Contains(text, "Atz") ||
		strings.Contains(text, "amzn1.") || strings.Contains(text, "v^1") {
		text = tokenShapes.ReplaceAllString(text, dots)
	}
	if strings.Contains(text, "@") || strings.Contains(text, "%40") {
		text = email.ReplaceAllString(text, dots)
	}
	return text
}

// RedactURL keeps what helps to find a fault (host, path, names of parameters,
// short plain values) and hides the rest: whatever may be a secret, and whatever
// may be somebody's name.
func RedactURL(address string, known ...string) string {
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" {
		return dots
	}
	plain := func(part string, unescape func(string) (string, error)) string {
		text, err := unescape(part)
		if err != nil || Redact(text, known...) != text || text != part && Redact(part, known...) != part {
			return dots
		}
		return part
	}
	path := strings.Split(u.EscapedPath(), "/")
	for i, p := range path {
		path[i] = plain(p, url.PathUnescape)
	}
	out := strings.Join(path, "/")
	if u.Host != "" {
		out = plain(u.Host, url.PathUnescape) + out
		if u.Scheme != "" {
			out = u.Scheme + "://" + out
		}
	}
	if u.RawQuery != "" {
		parts := strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' })
		for i, p := range parts {
			name, value, has := strings.Cut(p, "=")
			clear, err := url.QueryUnescape(name)
			name = plain(name, url.QueryUnescape)
			if !has {
				parts[i] = name
				continue
			}
			if err != nil || len(value) > 80 || sensitiveName.MatchString(clear) || personName.MatchString(clear) {
				value = dots
			}
			parts[i] = name + "=" + plain(value, url.QueryUnescape)
		}
		out += "?" + strings.Join(parts, "&")
	}
	// A secret may stand across the parts.
	return Redact(out, known...)
}

// RedactHeader is a copy of h without secrets.
func RedactHeader(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for k, vs := range h {
		for _, v := range vs {
			if sensitiveHeaders[http.CanonicalHeaderKey(k)] {
				v = dots
			}
			out[k] = append(out[k], Redact(v))
		}
	}
	return out
}

// secretsIn collects the secrets that a request carries, to take them out of
// whatever is said about it.
func secretsIn(h http.Header) []string {
	var out []string
	for k := range h {
		if !sensitiveHeaders[http.CanonicalHeaderKey(k)] {
			continue
		}
		for _, v := range h[k] {
			out = append(out, v)
			if _, rest, ok := strings.Cut(v, " "); ok {
				out = append(out, rest)
			}
		}
	}
	return out
}
