package ctrl

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// BasicAuth is who may send commands by HTTP (RFC 7617).
type BasicAuth struct {
	Realm string            // empty: "kea"
	Users map[string]string // password by user name
}

// allows says whether an Authorization header is that of one of the users.
func (a *BasicAuth) allows(header string) bool {
	scheme, credentials, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "basic") {
		return false
	}
	got := sha256.Sum256([]byte(strings.TrimSpace(credentials)))
	ok := 0
	for user, password := range a.Users { // all of them: the time taken tells nothing
		for _, want := range []string{
			strings.TrimPrefix(basicAuthorization(user, password), "Basic "),
			base64.StdEncoding.EncodeToString([]byte(user + ":" + password)),
		} {
			sum := sha256.Sum256([]byte(want))
			ok |= subtle.ConstantTimeCompare(got[:], sum[:])
		}
	}
	return ok == 1
}

// realm returns the value of WWW-Authenticate.
func (a *BasicAuth) challenge() string {
	realm := a.Realm
	if realm == "" {
		realm = "kea"
	}
	return `Basic realm="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(realm) + `"`
}

// basicAuthorization returns the Authorization header that Kea sends. It takes
// the text for Latin-1 and encodes it as UTF-8 once more, which is the usual
// header for ASCII.
func basicAuthorization(user, password string) string {
	var b strings.Builder
	for _, c := range []byte(user + ":" + password) {
		b.WriteRune(rune(c))
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(b.String()))
}
