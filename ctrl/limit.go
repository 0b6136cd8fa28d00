package ctrl

import (
	"errors"
	"io"
)

// ErrTooLarge is returned for a message that is longer than allowed.
var ErrTooLarge = errors.New("message too large")

// limitedReader reads at most left bytes and then fails with ErrTooLarge,
// unlike io.LimitedReader, whose end looks like that of the message.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		// The end of the message may be just here.
		var one [1]byte
		n, err := l.r.Read(one[:])
		if n > 0 {
			err = ErrTooLarge
		}
		return 0, err
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

func readLimited(r io.Reader, limit int64) ([]byte, error) {
	return io.ReadAll(&limitedReader{r, limit})
}
