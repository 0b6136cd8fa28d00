package ha

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Healthy returns nil if this server works: leases can be made durable here. A
// server that leaves its clients to the other, waits for it or cannot reach it
// is as healthy as one that serves; see Ready. What an error says is no text to
// tell errors apart by.
func (s Status) Healthy() error {
	if s.StoreFailed {
		return errors.New("leases cannot be made durable here")
	}
	return nil
}

// Ready returns nil if this server does what it is there for, in each of its
// relationships: it serves clients; or stands by for the primary, whose leases
// it has; or it is a backup that has heard from every active server and has the
// leases that each had then. (How many leases a Kea has that a backup lacks is
// not known.) Otherwise the error says why not, in words that are not made to
// tell errors apart by.
func (s Status) Ready() error {
	errs := []error{s.Healthy()}
	for i := range s.Relationships {
		if err := s.Relationships[i].ready(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.Relationships[i].Server, err))
		}
	}
	return errors.Join(errs...)
}

func (r *RelationshipStatus) ready() error {
	switch {
	case r.Idle == "" || r.Idle == standingBy:
		return nil
	case r.State == StateBackup:
		return r.hasAll()
	}
	return errors.New(r.Idle)
}

// hasAll returns nil if a backup has the leases of the active servers.
func (r *RelationshipStatus) hasAll() error {
	var errs []error
	for _, p := range r.Peers {
		switch {
		case p.Role == Backup:
		case p.Kind == KindUnknown:
			errs = append(errs, fmt.Errorf("%s has not been heard yet", p.Name))
		case p.Missing > 0:
			errs = append(errs, fmt.Errorf("%d changes of %s are missing here", p.Missing, p.Name))
		}
	}
	return errors.Join(errs...)
}

// HealthHandler tells monitoring whether a server works: with status 200 if
// Status.Healthy and all of the checks return nil, otherwise with 503 and the
// reasons as text, a line each. It changes nothing and asks nobody for a
// password; what it says names servers. status is Service.Status; nil: there is
// no high availability.
//
//	http.Handle("/healthz", ha.HealthHandler(pair.Status))
func HealthHandler(status func() Status, checks ...func() error) http.Handler {
	return probeOf(status, Status.Healthy, checks)
}

// ReadyHandler is HealthHandler for Status.Ready. Of a pair that works both
// servers are ready, the one that stands by too: it does not tell whom to send
// queries to, which clients find out without help, but whether the pair
// survives the loss of the other. A check of the program's own is, for example,
// that its sockets are open:
//
//	http.Handle("/readyz", ha.ReadyHandler(pair.Status, server.NotReady))
func ReadyHandler(status func() Status, checks ...func() error) http.Handler {
	return probeOf(status, Status.Ready, checks)
}

// probeOf returns the handler that runs the check of a status, and the others.
func probeOf(status func() Status, check func(Status) error, checks []func() error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are answered", http.StatusMethodNotAllowed)
			return
		}
		var errs []error
		if status != nil {
			errs = append(errs, check(status()))
		}
		for _, check := range checks {
			errs = append(errs, check())
		}
		if err := errors.Join(errs...); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok\n") // who asked is gone, or has it
	})
}
