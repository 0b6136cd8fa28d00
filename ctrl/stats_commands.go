package ctrl

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dhcpha/dhcpha/internal/keatext"
)

// HandleStats makes mux run statistic-get, -reset, -remove, -sample-age-set
// and -sample-count-set, each also with the ending -all.
func HandleStats(mux *Mux, s *Stats) {
	mux.Handle("statistic-get", func(_ context.Context, raw json.RawMessage) Response {
		name, _, err := parseStatName(raw)
		if err != nil {
			return failure(err)
		}
		values := make(map[string][]sample)
		if st := s.get(name); st != nil {
			values[name] = st.history()
		}
		return Response{Arguments: values}
	})
	mux.Handle("statistic-get-all", func(context.Context, json.RawMessage) Response {
		values := make(map[string][]sample)
		for name, st := range s.all() {
			values[name] = st.history()
		}
		return Response{Arguments: values}
	})
	for _, c := range statCommands {
		mux.Handle(c.name, func(_ context.Context, raw json.RawMessage) Response { return c.one(s, raw) })
		mux.Handle(c.name+"-all", func(_ context.Context, raw json.RawMessage) Response { return c.all(s, raw) })
	}
}

// statCommand is a command that changes a statistic, or all.
type statCommand struct {
	name          string
	done, allDone string                                         // texts
	parse         func(a arguments, all bool) (retention, error) // nil: there is nothing to parse
	apply         func(*Stat, retention)
}

var statCommands = []statCommand{{
	name: "statistic-reset", done: "reset.", allDone: "All statistics reset to neutral values.",
	apply: func(st *Stat, _ retention) { st.reset() },
}, {
	name: "statistic-remove", done: "removed.",
	allDone: "Warning: statistic-remove-all command is deprecated. All statistics removed.",
	apply:   func(st *Stat, _ retention) { st.remove() },
}, {
	name: "statistic-sample-age-set", done: "duration limit is set.", allDone: "All statistics duration limit are set.",
	parse: parseAge, apply: (*Stat).retain,
}, {
	name: "statistic-sample-count-set", done: "count limit is set.", allDone: "All statistics count limit are set.",
	parse: parseCount, apply: (*Stat).retain,
}}

func (c *statCommand) one(s *Stats, raw json.RawMessage) Response {
	name, args, err := parseStatName(raw)
	if err != nil {
		return failure(err)
	}
	var keep retention
	if c.parse != nil {
		if keep, err = c.parse(args, false); err != nil {
			return failure(err)
		}
	}
	st := s.get(name)
	if st == nil {
		return Errorf("No '%s' statistic found", name)
	}
	c.apply(st, keep)
	return Response{Text: fmt.Sprintf("Statistic '%s' %s", name, c.done)}
}

func (c *statCommand) all(s *Stats, raw json.RawMessage) Response {
	if c.parse == nil {
		for _, st := range s.all() {
			c.apply(st, retention{})
		}
		return Response{Text: c.allDone}
	}
	args, err := parseStatArgs(raw)
	if err != nil {
		return failure(err)
	}
	keep, err := c.parse(args, true)
	if err != nil {
		return failure(err)
	}
	s.retain(keep)
	return Response{Text: c.allDone}
}

func parseStatArgs(raw json.RawMessage) (arguments, error) {
	args, ok := parseArguments(raw)
	if raw != nil && !ok {
		return nil, failf("Error during command processing: get(string) called on a non-map Element")
	}
	return args, nil
}

func parseStatName(raw json.RawMessage) (string, arguments, error) {
	args, err := parseStatArgs(raw)
	if err != nil {
		return "", nil, err
	}
	if !args.has("name") {
		return "", nil, failf("Missing mandatory 'name' parameter.")
	}
	name, ok := keatext.Unquote(args["name"])
	if !ok {
		return "", nil, failf("'name' parameter expected to be a string.")
	}
	return name, args, nil
}

func parseAge(args arguments, _ bool) (retention, error) {
	if !args.has("duration") {
		return retention{}, failf("Missing mandatory 'duration' parameter.")
	}
	seconds, ok := integer(args["duration"])
	if !ok {
		return retention{}, failf("Error during command processing: intValue() called on non-integer Element")
	}
	const most = 50 * 365 * 24 * 60 * 60
	if seconds < 0 || seconds > most {
		return retention{}, failf("'duration' parameter must be from 0 to %d", most)
	}
	return keepAge(time.Duration(seconds) * time.Second), nil
}

func parseCount(args arguments, all bool) (retention, error) {
	if !args.has("max-samples") {
		return retention{}, failf("Missing mandatory 'max-samples' parameter.")
	}
	n, ok := integer(args["max-samples"])
	switch {
	case !ok:
		return retention{}, failf("'max-samples' parameter expected to be an integer.")
	case n == 0 && all:
		return retention{}, failf("'max-samples' parameter must not be zero")
	case n < 0:
		return retention{}, failf("'max-samples' parameter must not be negative")
	}
	return keepCount(n), nil
}
