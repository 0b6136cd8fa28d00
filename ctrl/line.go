package ctrl

import (
	"net/http"
	"sync"
	"time"
)

// maxInLine is how many messages of a connection are in work, at most. What
// follows waits in the system's buffers.
const maxInLine = 4

// maxKept is the longest buffer that is kept for another message.
const maxKept = 1 << 20

// line is the messages of a connection that are in work. They are answered in
// the order in which they came, while the next ones are read.
type line struct {
	conn *guest
	next chan *inLine // in order
	free chan *inLine // none of them is in work
	done sync.WaitGroup
}

// inLine is a place in the line, with a message or without.
type inLine struct {
	body  []byte // its memory
	goOn  func() answer
	taken func() // to be called when the message has been answered
	proto string
}

// startLine makes a line, which is to be ended.
func startLine(conn *guest) *line {
	l := &line{conn: conn, next: make(chan *inLine, maxInLine), free: make(chan *inLine, maxInLine)}
	for range maxInLine {
		l.free <- new(inLine)
	}
	l.done.Go(l.answer)
	return l
}

// answer answers what is in the line until that has ended. A message that has
// been begun with is brought to an end even if nobody hears it.
func (l *line) answer() {
	hears := true
	for m := range l.next {
		a := m.goOn()
		m.taken()
		if hears {
			hears = l.say(a, m.proto)
		}
		l.conn.served()
		if cap(m.body) > maxKept {
			m.body = nil
		}
		m.goOn, m.taken = nil, nil
		l.free <- m
	}
}

// say writes an answer and says whether another one may follow.
func (l *line) say(a answer, proto string) bool {
	l.conn.SetWriteDeadline(time.Now().Add(receiveTimeout))
	err := a.writeTo(l.conn, proto)
	if err == nil && a.keepsConn() {
		return true
	}
	if err == nil {
		hangUp(l.conn)
	}
	l.conn.Close() // so that nothing more is read
	return false
}

// wait waits until nothing is in the line.
func (l *line) wait() {
	var all [maxInLine]*inLine
	for i := range all {
		all[i] = <-l.free
	}
	for _, m := range all {
		l.free <- m
	}
}

// end waits until everything is answered.
func (l *line) end() {
	close(l.next)
	l.done.Wait()
}

// serveMessage reads a message and puts it into the line, as what it is
// refused with if it is. It says whether another request may follow.
func (s *HTTPServer) serveMessage(req *http.Request, l *line, h MessageFunc, proto string) bool {
	m := <-l.free
	var refused *answer
	m.body, m.taken, refused = s.receive(req, m.body)
	served := l.conn.serve()
	contentType := req.Header.Get("Content-Type")
	if refused == nil {
		refused = s.refuses(contentType, func() bool { return served && !wasReset(l.conn.raw()) })
	}
	if refused != nil {
		m.goOn = func() answer { return *refused }
	} else {
		m.goOn = s.begin(req.Context(), h, contentType, m.body)
	}
	m.proto = proto
	l.next <- m
	return !req.Close && (refused == nil || refused.keepsConn())
}
