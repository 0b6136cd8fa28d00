package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// screen is where the demonstration is seen: what has happened scrolls up,
// below stands a picture of the moment. Where there is no terminal the pictures
// scroll up, too.
type screen struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	drawn    int // lines of the picture that stand there
}

func newScreen(out io.Writer) *screen {
	s := &screen{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		s.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return s
}

// say writes a line that stays.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintf(s.out, format+"\n", args...)
}

// draw shows the picture of the moment.
func (s *screen) draw(lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintln(s.out, strings.Join(lines, "\n"))
	if s.terminal {
		s.drawn = len(lines)
	}
}

// erase removes the picture, so that what follows takes its place.
func (s *screen) erase() {
	if s.drawn > 0 {
		fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.drawn)
		s.drawn = 0
	}
}
