package ha

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// credentials returns the basic HTTP authentication of the peer, from its
// files if that is where it is. An empty user means that there is none.
func (p *Peer) credentials() (user, password string, err error) {
	if user, err = p.user(); err != nil || user == "" {
		return "", "", err
	}
	if password, err = p.password(); err != nil {
		return "", "", err
	}
	return user, password, nil
}

func (p *Peer) user() (string, error) {
	user, err := given(p.BasicAuthUser, p.BasicAuthUserFile)
	if err == nil && strings.Contains(user, ":") {
		return "", fmt.Errorf("user %q: there must be no colon in it", user)
	}
	return user, err
}

func (p *Peer) password() (string, error) { return given(p.BasicAuthPassword, p.BasicAuthPasswordFile) }

// maxSecret is the most that a file with a user name or password may have, in
// bytes.
const maxSecret = 4096

// given returns the value or, if there is a file, what that has.
func given(value, file string) (string, error) {
	if file == "" {
		return value, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return "", err
	case len(text) > maxSecret:
		return "", fmt.Errorf("read %s: it has more than %d bytes", file, maxSecret)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}
