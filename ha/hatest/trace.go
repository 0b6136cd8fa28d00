package hatest

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// trace is what has happened in a world, in the order in which it has. Nothing
// is made a text before somebody wants to read it: most runs are read by nobody.
type trace struct {
	began time.Time

	mu    sync.Mutex
	lines []traceLine
}

type traceLine struct {
	at     time.Duration
	who    string
	format string
	args   []any
}

// add adds a line; nothing that args point to may change afterwards.
func (t *trace) add(who, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, traceLine{time.Since(t.began), who, format, args})
}

// String returns the text, a line each: the seconds since the beginning, who it
// is about, and what has happened.
func (t *trace) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for i := range t.lines {
		t.lines[i].write(&b)
	}
	return b.String()
}

func (l *traceLine) write(w io.Writer) {
	fmt.Fprintf(w, "%13.6f %-8s ", l.at.Seconds(), l.who)
	fmt.Fprintf(w, l.format, l.args...)
	io.WriteString(w, "\n")
}
