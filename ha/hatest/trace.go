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
	seed  uint64
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

// maxTrace bounds the lines, at some 200 bytes each. Where servers answer each
// other for ever the time of the bubble hardly goes on, and nothing else ends it.
const maxTrace = 2_000_000

// add adds a line; nothing that args point to may change afterwards.
func (t *trace) add(who, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == maxTrace {
		var b strings.Builder
		for i := range t.lines[maxTrace-100:] {
			t.lines[maxTrace-100+i].write(&b)
		}
		panic(fmt.Sprintf("hatest: with seed %d something goes on for ever, the last 100 of %d lines:\n%v", t.seed, maxTrace, &b))
	}
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
