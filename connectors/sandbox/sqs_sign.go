package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// checkSigV4 checks a request's signature as Amazon's web services do. The age
// of the signature is not looked at: the client's clock is the real one, and the
// world's may be another.
func checkSigV4(r *http.Request, body []byte, a *QueueAccess, service string) *reply {
	fail := func(code, why string) *reply {
		bad := queueError(http.StatusForbidden, code, code, why)
		return &bad
	}
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return fail("MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	part := map[string]string{}
	for _, p := range strings.Split(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		part[k] = v
	}
	scope := strings.Split(part["Credential"], "/")
	signed := strings.Split(part["SignedHeaders"], ";")
	date := r.Header.Get("X-Amz-Date")
	switch {
	case len(scope) != 5 || part["Signature"] == "" || !slices.Contains(signed, "host") || !slices.IsSorted(signed):
		return fail("IncompleteSignature", "The request signature does not conform to AWS standards.")
	case scope[0] != a.KeyID:
		return fail("InvalidClientTokenId", "The security token included in the request is invalid.")
	case scope[2] != a.Region || scope[3] != service || scope[4] != "aws4_request":
		return fail("SignatureDoesNotMatch", "Credential should be scoped to a valid region and service.")
	case !strings.HasPrefix(date, scope[1]) || len(scope[1]) != 8:
		return fail("SignatureDoesNotMatch", "Date in Credential scope does not match the date of the request.")
	}
	payload := sha256.Sum256(body)
	hash := hex.EncodeToString(payload[:])
	if v := r.Header.Get("X-Amz-Content-Sha256"); v != "" && v != hash {
		return fail("SignatureDoesNotMatch", "The body is not the one that was signed.")
	}
	var b strings.Builder
	for _, name := range signed {
		v := strings.Join(r.Header.Values(name), ",")
		switch {
		case name == "host":
			v = r.Host
		case name == "content-length" && v == "":
			v = strconv.FormatInt(r.ContentLength, 10)
		}
		b.WriteString(name + ":" + strings.Join(strings.Fields(v), " ") + "\n")
	}
	canonical := strings.Join([]string{r.Method, awsPath(r.URL), awsQuery(r.URL.Query()), b.String(), part["SignedHeaders"], hash}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", date, strings.Join(scope[1:], "/"), hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + a.Secret)
	for _, x := range append(slices.Clone(scope[1:]), text) {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(x))
		key = h.Sum(nil)
	}
	if !hmac.Equal([]byte(hex.EncodeToString(key)), []byte(part["Signature"])) {
		return fail("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.")
	}
	return nil
}

// awsPath is the path as it is signed: what was sent, encoded once more.
func awsPath(u *url.URL) string {
	parts := strings.Split(orElse(u.EscapedPath(), "/"), "/")
	for i, p := range parts {
		parts[i] = awsEscape(p)
	}
	return strings.Join(parts, "/")
}

func awsQuery(q url.Values) string {
	var all []string
	for k, vs := range q {
		for _, v := range vs {
			all = append(all, awsEscape(k)+"="+awsEscape(v))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "&")
}

func awsEscape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
