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
	err  error // why reading ended, which parsers on top may hide
}

func (l *limitedReader) Read(p []byte) (n int, err error) {
	if l.left > 0 {
		n, err = l.r.Read(p[:min(int64(len(p)), l.left)])
		l.left -= int64(n)
	} else {
		// The end of the message may be just here.
		var one [1]byte
		if n, err = l.r.Read(one[:]); n > 0 {
			n, err = 0, ErrTooLarge
		}
	}
	l.err = err
	return n, err
}

func readLimited(r io.Reader, limit int64) ([]byte, error) {
	return io.ReadAll(&limitedReader{r: r, left: limit})
}
