package ctrl

import (
	"net/http"
	"sync"
	"time"
)

// maxInLine is how many messages of a connection are in work, at most. What
// follows waits in the system's buffers.
const maxInLine = 4

// maxKept is the longest memory of a message that is used again. It is not the
// connection's: many of them that are silent keep none.
const maxKept = 1 << 20

// line is the messages of a connection that are in work. They are answered in
// the order in which they came, while the next ones are read.
type line struct {
	conn *guest
	next chan *inLine  // in order
	free chan struct{} // has an element for each that may follow
	left *sync.Pool    // of *inLine that have been answered
	done sync.WaitGroup
}

// inLine is a message in the line.
type inLine struct {
	body  []byte
	goOn  func() answer
	taken func() // to be called when the message has been answered
	proto string
}

// startLine makes a line, which is to be ended.
func startLine(conn *guest, left *sync.Pool) *line {
	l := &line{conn: conn, next: make(chan *inLine, maxInLine), free: make(chan struct{}, maxInLine), left: left}
	for range maxInLine {
		l.free <- struct{}{}
	}
	l.done.Go(l.answer)
	return l
}

// answer answers what is in the line until that has ended. A message that has
// been begun with is brought to an end even if nobody hears it.
func (l *line) answer() {
	hears, returned := true, false
	defer func() {
		if !returned { // a handler has ended the goroutine
			l.conn.Close()
			l.done.Go(l.answer)
		}
	}()
	for m := range l.next {
		hears = l.answerOne(m, hears)
	}
	returned = true
}

// answerOne answers a message, if that is still heard, and says whether the next
// is.
func (l *line) answerOne(m *inLine, hears bool) bool {
	defer func() {
		l.conn.served()
		if cap(m.body) <= maxKept {
			m.goOn, m.taken = nil, nil
			l.left.Put(m)
		}
		l.free <- struct{}{}
	}()
	a := m.answer()
	return hears && l.say(a, m.proto)
}

// answer goes on with the message. What it took is free again afterwards.
func (m *inLine) answer() answer {
	defer m.taken()
	return m.goOn()
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
	for range maxInLine {
		<-l.free
	}
	for range maxInLine {
		l.free <- struct{}{}
	}
}

// end waits until everything is answered.
func (l *line) end() {
	close(l.next)
	l.done.Wait()
}

// serveMessage reads a message and puts it into the line, as what it is
// refused with if it is. There is a place for it. It says whether another request
// may follow.
func (s *HTTPServer) serveMessage(req *http.Request, l *line, h MessageFunc, proto string) bool {
	m, _ := l.left.Get().(*inLine)
	if m == nil {
		m = new(inLine)
	}
	var refused *answer
	m.body, m.taken, refused = s.receive(req, m.body)
	inLine := false
	defer func() {
		if !inLine { // the handler has ended the goroutine
			m.taken()
		}
	}()
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
	inLine = true
	l.next <- m
	return !req.Close && (refused == nil || refused.keepsConn())
}
