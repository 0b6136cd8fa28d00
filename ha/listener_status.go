package ha

import (
	"fmt"
	"strings"
)

// ListenerStatus is whether the commands of peers are taken at a url of this
// server.
type ListenerStatus struct {
	URL   string
	Error string // why they are not, such as that its address is not there yet; empty: they are
}

// listening returns the state of all listeners; none before Run.
func (s *Service) listening() (all []ListenerStatus) {
	listeners := s.listeners.Load()
	if listeners == nil {
		return nil
	}
	for _, l := range *listeners {
		st := ListenerStatus{URL: l.place.String()}
		if err := l.state(); err != nil {
			st.Error = err.Error()
		}
		all = append(all, st)
	}
	return all
}

func (l ListenerStatus) write(b *strings.Builder) {
	if l.Error != "" {
		fmt.Fprintf(b, "THE COMMANDS OF PEERS ARE NOT TAKEN at %s: %s\n", l.URL, l.Error)
	}
}
