package hastatus

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Bounds of event streams.
const (
	maxStreams = 16               // at the same time
	takeTime   = 10 * time.Second // that a reader may take for an event
	quietLooks = 15               // looks without news, after which a reader is told that there are none
)

// shot is how things are at a moment: what a reader's page shows.
type shot struct {
	Title string            `json:"title"`
	Level string            `json:"level"`
	At    string            `json:"at"`    // RFC 3339, by this server's clock and zone
	Parts map[string]string `json:"parts"` // the HTML of elements, by their ids
}

// streams are the readers that follow what happens. They are given the latest
// shot only: who is slow misses those between.
type streams struct {
	slots chan struct{}
	ended chan struct{}

	mu     sync.Mutex
	latest shot
	next   chan struct{} // closed when there is a newer one
}

func (s *streams) init() {
	s.slots, s.ended, s.next = make(chan struct{}, maxStreams), make(chan struct{}), make(chan struct{})
}

// enter makes room for a reader, until leave; false: there are too many.
func (s *streams) enter() bool {
	select {
	case s.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s *streams) leave() { <-s.slots }

// any says whether there is a reader.
func (s *streams) any() bool { return len(s.slots) > 0 }

// publish gives all readers a shot.
func (s *streams) publish(latest shot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = latest
	close(s.next)
	s.next = make(chan struct{})
}

// now returns the latest shot, and what is closed when there is a newer one.
func (s *streams) now() (shot, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest, s.next
}

// end ends all streams.
func (s *streams) end() { close(s.ended) }

// serveEvents sends a reader what changes in its page, until it or the page
// goes.
func (p *Page) serveEvents(w http.ResponseWriter, r *http.Request) {
	if !p.streams.enter() {
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many readers", http.StatusServiceUnavailable)
		return
	}
	defer p.streams.leave()
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	out := &events{w: w, control: http.NewResponseController(w), has: make(map[string]string)}
	_, next := p.streams.now()
	for latest := p.shoot(); out.send(latest); latest, next = p.streams.now() {
		select {
		case <-next:
		case <-r.Context().Done():
			return
		case <-p.streams.ended:
			return
		}
	}
}

// events is what a reader has been sent.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	has     map[string]string // parts
	title   string
	quiet   int // looks without news
}

// send sends what the reader has not; false: it has gone.
func (e *events) send(latest shot) bool {
	news := shot{Title: latest.Title, Level: latest.Level, At: latest.At, Parts: make(map[string]string)}
	for id, html := range latest.Parts {
		if e.has[id] != html {
			news.Parts[id], e.has[id] = html, html
		}
	}
	if len(news.Parts) == 0 && e.title == news.Title {
		if e.quiet++; e.quiet < quietLooks {
			return true
		}
	}
	e.title, e.quiet = news.Title, 0
	text, err := json.Marshal(news)
	if err != nil {
		return false
	}
	// Where there is no deadline, as in tests, there is no connection either.
	_ = e.control.SetWriteDeadline(time.Now().Add(takeTime))
	for _, part := range [][]byte{[]byte("data: "), text, []byte("\n\n")} {
		if _, err := e.w.Write(part); err != nil {
			return false
		}
	}
	return e.control.Flush() == nil
}
