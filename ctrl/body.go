package ctrl

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
)

const (
	// freeBody is how many bytes of a body are read whatever others send:
	// more than a heartbeat or the lease of a client takes.
	freeBody = 64 << 10

	// maxBodies is how many bodies of the greatest length may be in work at
	// the same time.
	maxBodies = 4
)

// errBusy is returned when others have sent too much.
var errBusy = errors.New("too much to read at once")

// bodies are the bytes of the bodies that a server has read and that are still
// in work, but for the first freeBody of each. Each connection may send a long
// body, not all of them at the same time.
type bodies struct{ inWork atomic.Int64 }

// body is the body of one request.
type body struct {
	io.Reader
	all   *bodies
	limit int64 // of all
	free  int64 // that are not counted
	taken int64
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	counted := max(int64(n)-b.free, 0)
	b.free -= int64(n) - counted
	b.taken += counted
	if b.all.inWork.Add(counted) > b.limit && counted > 0 {
		return 0, errBusy
	}
	return n, err
}

// done says that the request has been answered.
func (b *body) done() { b.all.inWork.Add(-b.taken) }

// readBody reads the body of a request, which is in work until done, into the
// given memory if that is enough.
func (s *HTTPServer) readBody(r *http.Request, memory []byte) (text []byte, done func(), err error) {
	limit := cmp.Or(s.MaxRequest, DefaultMaxRequest)
	b := &body{Reader: r.Body, all: &s.bodies, limit: maxBodies * limit, free: freeBody}
	if r.ContentLength > limit {
		return memory, b.done, ErrTooLarge
	}
	text, err = readInto(memory[:0], &limitedReader{r: b, left: limit}, r.ContentLength)
	return text, b.done, err
}

// readInto appends all there is to b. It takes memory for what is expected as
// it comes, not before.
func readInto(b []byte, r io.Reader, expected int64) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			// A byte more than expected, to see the end.
			more := min(max(expected+1-int64(len(b)), 512), max(int64(len(b)), freeBody))
			b = slices.Grow(b, int(more))
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}
